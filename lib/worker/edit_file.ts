import type { CheckedTree } from "./checked_tree.ts";
import { MAX_PAYLOAD } from "./protocol.ts";
import { readFully } from "./read_file.ts";
import { EditAmbiguousError, EditNotFoundError, IoError, TooLargeError } from "./worker_error.ts";
import { replaceFile } from "./write_file.ts";

/** A replacement of text by text. */
export interface Edit {
  readonly oldString: string;
  readonly newString: string;
  /** Whether every occurrence is replaced; otherwise there must be exactly one. */
  readonly replaceAll?: boolean;
}

function textOf(tree: CheckedTree, located: ReturnType<CheckedTree["locateFile"]>): string {
  const asked = JSON.stringify(located.asked);
  const { file, info } = tree.open(located);
  try {
    if (info.size > MAX_PAYLOAD) throw new TooLargeError(`Cannot edit ${asked}: it is larger than 64 MiB`);
    const bytes = readFully(file, new Uint8Array(info.size));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw new IoError(`Cannot edit ${asked}: it is not UTF-8 text`);
    throw error;
  } finally {
    file.close();
  }
}

/**
 * Replaces text in a file, atomically.
 *
 * @returns How many occurrences were replaced
 * @throws {WorkerError} with the code that says why not; the file is unchanged then
 */
export function editFile(tree: CheckedTree, path: string, edit: Edit): number {
  const { oldString, newString, replaceAll = false } = edit;
  const asked = JSON.stringify(path);
  if (oldString === "") {
    throw new EditNotFoundError(`Cannot edit ${asked}: the text to replace is empty`);
  }
  const located = tree.locateFile(path);
  tree.require("write", located);
  // Not with a regular expression or String.replace: both read more into the texts than stands there.
  const parts = textOf(tree, located).split(oldString);
  const count = parts.length - 1;
  if (count === 0) {
    throw new EditNotFoundError(`Cannot edit ${asked}: the text to replace does not occur in it`);
  }
  if (count > 1 && !replaceAll) {
    throw new EditAmbiguousError(`Cannot edit ${asked}: the text to replace occurs ${count} times`);
  }
  const bytes = new TextEncoder().encode(parts.join(newString));
  if (bytes.length > MAX_PAYLOAD) {
    throw new TooLargeError(`Cannot edit ${asked}: the result is larger than 64 MiB`);
  }
  replaceFile(tree, located, bytes, true);
  return count;
}
