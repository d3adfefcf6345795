import type { CheckedTree } from "./checked_tree.ts";
import { makeDirectory, removePath, renamePath } from "./change_tree.ts";
import { editFile } from "./edit_file.ts";
import { findPaths } from "./find_paths.ts";
import { listDirectory, statPath } from "./list_directory.ts";
import type { Answer, Request } from "./protocol.ts";
import { readFile } from "./read_file.ts";
import { searchFiles } from "./search_files.ts";
import { writeFile } from "./write_file.ts";

/** What a worker serves. */
export interface Served {
  readonly tree: CheckedTree;
  /** What `get_env` tells: the environment that the policy gives to commands. */
  readonly environment: Readonly<Record<string, string>>;
  /** Makes the buffer that a file is read into. */
  readonly buffer?: (length: number) => Uint8Array<ArrayBuffer>;
}

/** An answer, and what follows it raw. */
export interface Reply {
  readonly answer: Answer;
  readonly payload?: Uint8Array<ArrayBuffer>;
}

function environmentOf(
  environment: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const known = names.filter((name) => Object.hasOwn(environment, name));
  return Object.fromEntries(known.map((name) => [name, environment[name] ?? ""]));
}

/**
 * Does what a request asks.
 *
 * @param payload The raw bytes that came with it
 * @throws {WorkerError} with the code that says why not
 */
export function handleRequest(
  { tree, environment, buffer }: Served,
  request: Request,
  payload: Uint8Array<ArrayBuffer>,
): Reply {
  const ok: Reply = { answer: { kind: "ok" } };
  switch (request.kind) {
    case "ping":
    case "shutdown":
      return { answer: { kind: "pong" } };
    case "read": {
      const { bytes, size, truncated } = readFile(
        tree,
        request.path,
        request.offset,
        request.max_bytes,
        buffer,
      );
      return { answer: { kind: "read", size, truncated }, payload: bytes };
    }
    case "write": {
      const written = writeFile(tree, request.path, payload, request.create_parents);
      return { answer: { kind: "write", bytes_written: written } };
    }
    case "edit": {
      const { path, old_string: oldString, new_string: newString, replace_all: replaceAll = false } = request;
      return {
        answer: { kind: "edit", replacements: editFile(tree, path, { oldString, newString, replaceAll }) },
      };
    }
    case "list":
      return { answer: { kind: "list", entries: listDirectory(tree, request.path) } };
    case "stat":
      return { answer: { kind: "stat", stat: statPath(tree, request.path) } };
    case "glob":
      return {
        answer: { kind: "glob", ...findPaths(tree, request.pattern, request.root, request.limit) },
      };
    case "grep":
      return { answer: { kind: "grep", ...searchFiles(tree, request.pattern, request) } };
    case "make_dir":
      makeDirectory(tree, request.path);
      return ok;
    case "remove":
      removePath(tree, request.path);
      return ok;
    case "rename":
      renamePath(tree, request.path, request.to);
      return ok;
    case "get_env":
      return { answer: { kind: "get_env", values: environmentOf(environment, request.names) } };
  }
}
