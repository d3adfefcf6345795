import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Watch } from "../plan/plan.ts";
import { privateDirectory } from "./state_directory.ts";

/** Something that appeared where a rule forbids it, and was moved away. */
export interface SetAside {
  readonly watch: Watch;
  /** Where it is now. */
  readonly to: string;
}

function copy(from: string, to: string): void {
  const info = Deno.lstatSync(from);
  if (info.isSymlink) return Deno.symlinkSync(Deno.readLinkSync(from), to);
  if (info.isFile) return Deno.copyFileSync(from, to);
  if (!info.isDirectory) return;
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}

function move(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch {
    // The state directory may be on another file system (EXDEV).
    copy(from, to);
    Deno.removeSync(from, { recursive: true });
  }
}

/**
 * Moves what has appeared at watched paths into the state directory: no placeholder could be mounted there, because a
 * mount point would have been created in the user's tree.
 *
 * @returns What was moved
 */
export function setAside(
  watches: readonly Watch[],
  stateDirectory: string,
  uid: number | null,
  now: Date,
): SetAside[] {
  const appeared = watches.filter(({ path }) => {
    const { kind, links } = resolvePath(SafePath.of(path));
    // A link as the last component is set aside itself; one on the way means that the path is another one now.
    return (kind !== undefined && links.length === 0) || links.some((link) => link.toString() === path);
  });
  if (appeared.length === 0) return [];
  const parent = privateDirectory(`${stateDirectory}/set-aside`, uid);
  const directory = privateDirectory(`${parent}/${now.toISOString().replaceAll(":", "")}-${Deno.pid}`, uid);
  return appeared.map((watch, index) => {
    const to = `${directory}/${index}-${SafePath.of(watch.path).name}`;
    move(watch.path, to);
    return { watch, to };
  });
}
