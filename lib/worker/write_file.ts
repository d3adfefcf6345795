import type { SafePath } from "../paths/safe_path.ts";
import type { CheckedTree, Located } from "./checked_tree.ts";
import { makeParents } from "./change_tree.ts";
import { isLeftover, sweepLeftovers, temporaryName } from "./leftovers.ts";
import { refuseRepository } from "./planted.ts";
import { IoError, IsADirectoryError, NotFoundError, PolicyDeniedError } from "./worker_error.ts";

const PERMISSIONS = 0o777;

function writeFully(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone, or the next writer here sweeps it.
  }
}

function hasChanged(path: SafePath, before: Deno.FileInfo | undefined): boolean {
  let now: Deno.FileInfo | undefined;
  try {
    now = Deno.lstatSync(path.toString());
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (now === undefined || before === undefined) return now !== before;
  return now.ino !== before.ino || now.size !== before.size ||
    now.mtime?.getTime() !== before.mtime?.getTime();
}

/**
 * Puts a new content in the place of a file, or makes the file: whoever looks sees the old one whole or the new one
 * whole, also after a crash.
 *
 * @param expected Refuse where the file is no longer what was looked at
 * @throws {WorkerError} with the code that says why not; the old file stands then
 */
export function replaceFile(tree: CheckedTree, located: Located, bytes: Uint8Array, expected = false): void {
  const { path, info, asked } = located;
  const directory = path.parent;
  sweepLeftovers(directory);
  const temporary = directory.join(temporaryName());
  const mode = info === undefined ? 0o666 : (info.mode ?? 0o644) & PERMISSIONS;
  const file = Deno.openSync(temporary.toString(), { write: true, createNew: true, mode });
  try {
    // Before anything is in it: a component may have been swapped for a link since it was looked at.
    const made = file.statSync();
    tree.verify({ path: temporary, asked }, made);
    writeFully(file, bytes);
    file.syncSync();
    // What the umask has taken away; Landlock lets no mode be changed that is right already.
    if (info !== undefined && ((made.mode ?? 0) & PERMISSIONS) !== mode) {
      Deno.chmodSync(temporary.toString(), mode);
    }
    if (expected && hasChanged(path, info)) {
      throw new IoError(`Cannot edit ${JSON.stringify(asked)}: it changed meanwhile`);
    }
    if (!tree.isStill(directory)) {
      throw new PolicyDeniedError(`Cannot write ${JSON.stringify(asked)}: its directory changed meanwhile`);
    }
    Deno.renameSync(temporary.toString(), path.toString());
  } catch (error) {
    removeQuietly(temporary.toString());
    throw error;
  } finally {
    file.close();
  }
}

/**
 * Writes a file whole; a link is followed, the mode kept.
 *
 * @param createParents Whether missing directories are made
 * @returns Bytes written
 * @throws {WorkerError} with the code that says why not
 */
export function writeFile(tree: CheckedTree, path: string, bytes: Uint8Array, createParents = true): number {
  const located = tree.locate(path, true);
  tree.require("write", located);
  tree.requireFile(located);
  if (located.path.equals(tree.root) || path.endsWith("/")) {
    throw new IsADirectoryError(`Cannot write ${JSON.stringify(path)}: it names a directory`);
  }
  refuseRepository(located, false);
  if (isLeftover(located.path.name)) {
    throw new IoError(`Cannot write ${JSON.stringify(path)}: the name is kept for unfinished writes`);
  }
  if (located.info === undefined) {
    if (createParents) makeParents(tree, located);
    else if (tree.locate(tree.relative(located.path.parent), false).info === undefined) {
      throw new NotFoundError(`Cannot write ${JSON.stringify(path)}: its directory does not exist`);
    }
  }
  replaceFile(tree, located, bytes);
  return bytes.length;
}
