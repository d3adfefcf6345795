import { type CheckedTree, type Located, missing } from "./checked_tree.ts";
import { refuseRepository } from "./planted.ts";
import { ExistsError, IoError, NotADirectoryError, PolicyDeniedError } from "./worker_error.ts";

/** @throws {PolicyDeniedError} where the directory that is about to be changed is no longer the one that was checked */
function requireStill(tree: CheckedTree, { path, asked }: Located): void {
  if (tree.isStill(path.parent)) return;
  throw new PolicyDeniedError(`Cannot use ${JSON.stringify(asked)}: its directory changed meanwhile`);
}

function refuseRoot(tree: CheckedTree, { path, asked }: Located): void {
  if (!path.equals(tree.root)) return;
  throw new PolicyDeniedError(`Cannot change ${JSON.stringify(asked)}: it is the root of the worker`);
}

/**
 * Makes the missing directories above a path, one by one, each checked.
 *
 * @throws {WorkerError} where one cannot be made
 */
export function makeParents(tree: CheckedTree, { path, asked }: Located): void {
  const below = path.ancestors().filter((directory) => directory.depth > tree.root.depth);
  for (const directory of below) {
    const found = tree.locate(tree.relative(directory), false);
    if (found.info?.isDirectory) continue;
    if (found.info !== undefined) {
      throw new NotADirectoryError(
        `Cannot use ${JSON.stringify(asked)}: ${directory.name} is not a directory`,
      );
    }
    tree.require("write", { path: directory, asked });
    Deno.mkdirSync(directory.toString());
    if (!tree.isStill(directory)) {
      throw new PolicyDeniedError(`Cannot use ${JSON.stringify(asked)}: its directory changed meanwhile`);
    }
  }
}

/**
 * Makes a directory, with those above it; one that exists is an error.
 *
 * @throws {WorkerError} with the code that says why not
 */
export function makeDirectory(tree: CheckedTree, path: string): void {
  const located = tree.locate(path, true);
  tree.require("write", located);
  if (located.info !== undefined) {
    throw new ExistsError(`Cannot make directory ${JSON.stringify(path)}: it exists`);
  }
  makeParents(tree, located);
  requireStill(tree, located);
  Deno.mkdirSync(located.path.toString());
}

/**
 * Removes a file, a link (not what it points to) or an empty directory.
 *
 * @throws {WorkerError} with the code that says why not
 */
export function removePath(tree: CheckedTree, path: string): void {
  const located = tree.locate(path, false);
  refuseRoot(tree, located);
  tree.requireWhole(located);
  if (located.info === undefined) throw missing(path);
  requireStill(tree, located);
  try {
    Deno.removeSync(located.path.toString());
  } catch (error) {
    // ENOTEMPTY
    if (error instanceof Error && error.message.includes("(os error 39)")) {
      throw new IoError(`Cannot remove ${JSON.stringify(path)}: the directory is not empty`);
    }
    throw error;
  }
}

/**
 * Renames a file, a link or a directory; what stands at the new name is never replaced.
 *
 * @throws {WorkerError} with the code that says why not
 */
export function renamePath(tree: CheckedTree, path: string, to: string): void {
  const from = tree.locate(path, false);
  const target = tree.locate(to, false);
  refuseRoot(tree, from);
  // Who may not read a file must not move it to where it may be read.
  tree.require("read", from);
  tree.requireWhole(from);
  if (from.info === undefined) throw missing(path);
  tree.requireWhole(target);
  refuseRepository(target, from.info.isDirectory);
  if (target.info !== undefined) {
    throw new ExistsError(`Cannot rename to ${JSON.stringify(to)}: it exists`);
  }
  if (from.path.contains(target.path)) {
    throw new IoError(`Cannot rename ${JSON.stringify(path)}: ${JSON.stringify(to)} lies in it`);
  }
  requireStill(tree, from);
  requireStill(tree, target);
  Deno.renameSync(from.path.toString(), target.path.toString());
}
