import { type CheckedTree, kindOf, missing } from "./checked_tree.ts";
import type { Entry, Stat } from "./protocol.ts";

/**
 * The entries of a directory that may be read, by name.
 *
 * @throws {WorkerError} with the code that says why not
 */
export function listDirectory(tree: CheckedTree, path: string): Entry[] {
  const { path: directory } = tree.locateDirectory(path);
  const entries: Entry[] = [];
  for (const entry of Deno.readDirSync(directory.toString())) {
    const { name } = entry;
    const at = directory.join(name);
    if (!tree.mayRead(at)) continue;
    try {
      const info = Deno.lstatSync(at.toString());
      entries.push({ name, kind: kindOf(info), size: info.size });
    } catch {
      // A name that is not UTF-8 can be shown but not asked for; any other entry is gone by now.
      if (name.includes("\ufffd")) entries.push({ name, kind: kindOf(entry), size: 0 });
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What stands at a path; a link in the last place is not followed.
 *
 * @throws {WorkerError} with the code that says why not
 */
export function statPath(tree: CheckedTree, path: string): Stat {
  const located = tree.locate(path, false);
  tree.require("read", located);
  const { info } = located;
  if (info === undefined) throw missing(path);
  return {
    size: info.size,
    kind: kindOf(info),
    mtime: info.mtime?.getTime() ?? null,
    is_symlink: info.isSymlink,
  };
}
