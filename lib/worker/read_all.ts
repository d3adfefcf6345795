import type { ReadOptions } from "./file_system.ts";
import type { Piece } from "./read_file.ts";
import { IoError } from "./worker_error.ts";

/** Bytes of one piece: large enough that asking costs little, small enough to stay in a processor's cache. */
const PIECE = 2 * 1024 * 1024;

/**
 * Puts a file together from pieces.
 *
 * @param read Reads a piece
 * @throws {IoError} where the file grew or shrank meanwhile
 */
export async function readAll(
  path: string,
  read: (options: ReadOptions) => Promise<Piece>,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = await read({ maxBytes: PIECE });
  if (!first.truncated) return first.bytes;
  const whole = new Uint8Array(first.size);
  whole.set(first.bytes);
  let done = first.bytes.length;
  while (done < whole.length) {
    const into = whole.subarray(done, done + PIECE);
    const { bytes, size } = await read({ offset: done, maxBytes: into.length, into });
    if (size !== first.size || bytes.length === 0) {
      throw new IoError(`Cannot read ${JSON.stringify(path)}: its size changed meanwhile`);
    }
    if (bytes.buffer !== whole.buffer) whole.set(bytes, done);
    done += bytes.length;
  }
  return whole;
}
