import type { CheckedTree } from "./checked_tree.ts";
import { MAX_PAYLOAD } from "./protocol.ts";

/** A piece of a file. */
export interface Piece {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Size of the whole file. */
  readonly size: number;
  /** Whether the file goes on behind the piece. */
  readonly truncated: boolean;
}

/** Reads until the buffer is full or the file ends; returns what was read. */
export function readFully(file: Deno.FsFile, buffer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  let length = 0;
  while (length < buffer.length) {
    const count = file.readSync(buffer.subarray(length));
    if (count === null || count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

/**
 * Reads a piece of a regular file.
 *
 * @param maxBytes Most bytes to read; never more than a payload may hold
 * @param buffer Makes the buffer to read into
 * @throws {WorkerError} with the code that says why not
 */
export function readFile(
  tree: CheckedTree,
  path: string,
  offset = 0,
  maxBytes = MAX_PAYLOAD,
  buffer: (length: number) => Uint8Array<ArrayBuffer> = (length) => new Uint8Array(length),
): Piece {
  const { file, info } = tree.open(tree.locateFile(path));
  try {
    const wanted = Math.min(Math.max(0, info.size - offset), maxBytes, MAX_PAYLOAD);
    if (offset > 0) file.seekSync(offset, Deno.SeekMode.Start);
    const bytes = readFully(file, buffer(wanted));
    return { bytes, size: info.size, truncated: offset + bytes.length < info.size };
  } finally {
    file.close();
  }
}
