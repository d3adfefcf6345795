import { SafePath } from "../paths/safe_path.ts";
import { type PathDecider, pathDecider } from "../policy/decide_path.ts";
import type { PathRule } from "../policy/policy.ts";
import { CheckedTree } from "./checked_tree.ts";
import { makeDirectory, removePath, renamePath } from "./change_tree.ts";
import { type Edit, editFile } from "./edit_file.ts";
import type { FileSystem, GlobOptions, GrepOptions, ReadOptions } from "./file_system.ts";
import { findPaths } from "./find_paths.ts";
import { listDirectory, statPath } from "./list_directory.ts";
import { MAX_PAYLOAD } from "./protocol.ts";
import { readAll } from "./read_all.ts";
import { readFile } from "./read_file.ts";
import { searchFiles } from "./search_files.ts";
import { asWorkerError, TooLargeError } from "./worker_error.ts";
import { writeFile } from "./write_file.ts";

/** What a local file system serves. */
export interface LocalOptions {
  /** Directory that is served. */
  readonly root: string;
  /** Rules by real path; without them everything in the root may be read and written. */
  readonly decider?: PathDecider;
  readonly environment?: Readonly<Record<string, string>>;
}

function everything(root: SafePath): PathDecider {
  const rule: PathRule = { text: root.toString(), origin: "root", path: root, optional: false };
  return pathDecider({ allow: [rule], deny: [] }, { allow: [rule], deny: [] }, []);
}

/** Files in this process: one wall, the check of every path, where a worker has two. */
export class LocalFileSystem implements FileSystem {
  readonly #tree: CheckedTree;
  readonly #environment: Readonly<Record<string, string>>;

  constructor({ root, decider, environment = {} }: LocalOptions) {
    const real = SafePath.of(Deno.realPathSync(root));
    this.#tree = new CheckedTree(real, decider ?? everything(real));
    this.#environment = environment;
  }

  // What is thrown rejects, as in a worker.
  async #try<T>(path: string, act: (tree: CheckedTree) => T): Promise<T> {
    try {
      return await Promise.resolve(act(this.#tree));
    } catch (error) {
      throw asWorkerError(error, path);
    }
  }

  read(path: string, { offset, maxBytes, into }: ReadOptions = {}) {
    const buffer = (length: number) =>
      into !== undefined && into.length >= length ? into.subarray(0, length) : new Uint8Array(length);
    return this.#try(path, (tree) => readFile(tree, path, offset, maxBytes, buffer));
  }

  readAll(path: string) {
    return readAll(path, (options) => this.read(path, options));
  }

  write(
    path: string,
    data: Uint8Array<ArrayBuffer> | string,
    { createParents }: { readonly createParents?: boolean } = {},
  ) {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    return this.#try(path, (tree) => {
      if (bytes.length > MAX_PAYLOAD) {
        throw new TooLargeError(`Cannot write ${JSON.stringify(path)}: it is larger than 64 MiB`);
      }
      return writeFile(tree, path, bytes, createParents);
    });
  }

  edit(path: string, edit: Edit) {
    return this.#try(path, (tree) => editFile(tree, path, edit));
  }

  list(path: string) {
    return this.#try(path, (tree) => listDirectory(tree, path));
  }

  stat(path: string) {
    return this.#try(path, (tree) => statPath(tree, path));
  }

  glob(pattern: string, { root, limit }: GlobOptions = {}) {
    return this.#try(root ?? ".", (tree) => findPaths(tree, pattern, root, limit));
  }

  grep(pattern: string, options: GrepOptions = {}) {
    return this.#try(options.root ?? ".", (tree) => searchFiles(tree, pattern, options));
  }

  makeDirectory(path: string) {
    return this.#try(path, (tree) => makeDirectory(tree, path));
  }

  remove(path: string) {
    return this.#try(path, (tree) => removePath(tree, path));
  }

  rename(path: string, to: string) {
    return this.#try(path, (tree) => renamePath(tree, path, to));
  }

  environment(names: readonly string[]) {
    const own = this.#environment;
    const known = names.filter((name) => Object.hasOwn(own, name));
    return Promise.resolve(Object.fromEntries(known.map((name) => [name, own[name] ?? ""])));
  }
}
