import type { SafePath } from "../paths/safe_path.ts";
import type { CheckedTree } from "./checked_tree.ts";
import { IgnoreChain, IgnoreRules } from "./ignore_rules.ts";
import { isLeftover } from "./leftovers.ts";

/** One thing that a walk comes by. */
export interface Found {
  readonly path: SafePath;
  /** Components below the directory that the walk began in. */
  readonly names: readonly string[];
  readonly entry: Deno.DirEntry;
}

/** A directory that is to be looked through. */
interface Open {
  readonly path: SafePath;
  readonly names: readonly string[];
  readonly ignores: IgnoreChain | undefined;
  /** Whether all that is in it may be read, because no rule speaks of anything below. */
  readonly free: boolean;
}

const LARGEST_IGNORE_FILE = 1024 * 1024;

function rulesAt(path: string): IgnoreRules | undefined {
  try {
    const info = Deno.lstatSync(path);
    // git does not follow a link there either.
    if (!info.isFile || info.size > LARGEST_IGNORE_FILE) return undefined;
    return new IgnoreRules(Deno.readTextFileSync(path));
  } catch {
    return undefined;
  }
}

function componentsBelow(tree: CheckedTree, path: SafePath): string[] {
  return path.equals(tree.root) ? [] : tree.relative(path).split("/");
}

function chainWith(above: IgnoreChain | undefined, path: string, depth: number): IgnoreChain | undefined {
  const rules = rulesAt(path);
  return rules === undefined ? above : IgnoreChain.add(above, depth, rules);
}

// What is said above a directory holds in it too; the directory itself was asked for, ignored or not.
function chainAbove(tree: CheckedTree, start: SafePath): IgnoreChain | undefined {
  let chain = chainWith(undefined, `${tree.root}/.git/info/exclude`, 0);
  const directories = start.ancestors().filter((path) => path.depth >= tree.root.depth);
  for (const directory of directories) {
    chain = chainWith(chain, `${directory}/.gitignore`, directory.depth - tree.root.depth);
  }
  return chain;
}

function entriesOf(path: SafePath): Deno.DirEntry[] {
  try {
    return Array.from(Deno.readDirSync(path.toString()));
  } catch {
    // Not to be read, or gone by now: there is nothing to be found in it.
    return [];
  }
}

/**
 * Goes through a directory in the order of names: what git ignores and `.git` itself are left out, links are not followed,
 * what may not be read is not seen.
 *
 * @param enters Whether a directory is worth looking into
 */
export function* walkTree(
  tree: CheckedTree,
  start: SafePath,
  enters: (names: readonly string[]) => boolean,
): Generator<Found> {
  const above = componentsBelow(tree, start);
  const free = (path: SafePath) => !tree.hasRulesBelow(path) && tree.mayRead(path);
  const open: Open[] = [{ path: start, names: [], ignores: chainAbove(tree, start), free: free(start) }];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    const { path, names } = directory;
    const entries = entriesOf(path);
    const ignores = entries.some(({ name }) => name === ".gitignore")
      ? chainWith(directory.ignores, `${path}/.gitignore`, above.length + names.length)
      : directory.ignores;
    const below: Open[] = [];
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const { name, isDirectory } = entry;
      if (name === ".git" || isLeftover(name)) continue;
      const at = [...names, name];
      if (ignores?.ignores([...above, ...at], isDirectory)) continue;
      const found = path.join(name);
      if (!directory.free && !tree.mayRead(found)) continue;
      yield { path: found, names: at, entry };
      if (isDirectory && enters(at)) {
        below.push({ path: found, names: at, ignores, free: directory.free || free(found) });
      }
    }
    open.push(...below.reverse());
  }
}
