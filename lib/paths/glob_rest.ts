import { Glob, isGlob } from "./glob.ts";
import { SafePath } from "./safe_path.ts";

/** What is left of a pattern below a directory: a path, or a pattern that starts there. */
export interface GlobRest {
  readonly path: SafePath;
  readonly glob?: Glob;
}

function accepts(component: string, name: string): boolean {
  if (!isGlob(component)) return component === name;
  return Glob.parse(component).covers(SafePath.root, SafePath.root.join(name));
}

// Where in the pattern one can be after one more name; `**` may stand for any number of them, also for none.
function after(components: readonly string[], at: number, name: string): number[] {
  const component = components[at];
  if (component === undefined) return [];
  if (component !== "**") return accepts(component, name) ? [at + 1] : [];
  return [at, ...after(components, at + 1, name)];
}

function restAt(path: SafePath, components: readonly string[]): GlobRest {
  const first = components.findIndex(isGlob);
  const literal = first < 0 ? components : components.slice(0, first);
  const below = literal.length === 0 ? path : path.join(literal.join("/"));
  return first < 0 ? { path: below } : { path: below, glob: Glob.parse(components.slice(first).join("/")) };
}

/**
 * What a pattern still covers below a directory that it does not cover itself.
 *
 * @param head The directory that the pattern starts from
 * @param path A directory below it
 * @returns Together they cover, below the path, exactly what the pattern covers there
 */
export function globRest(glob: Glob, head: SafePath, path: SafePath): GlobRest[] {
  const components = glob.text.split("/").filter((part) => part !== "" && part !== ".");
  const names = path.toString().split("/").slice(head.depth + 1);
  let places = new Set([0]);
  for (const name of names) {
    places = new Set([...places].flatMap((at) => after(components, at, name)));
  }
  return [...places].filter((at) => at < components.length)
    .map((at) => restAt(path, components.slice(at)));
}
