import type { Piece } from "./read_file.ts";
import { IoError } from "./worker_error.ts";

/** Bytes of one piece: large enough that asking costs little, small enough that both sides work at the same time. */
const PIECE = 4 * 1024 * 1024;

/**
 * Puts a file together from pieces.
 *
 * @param read Reads a piece
 * @throws {IoError} where the file grew or shrank meanwhile
 */
export async function readAll(
  path: string,
  read: (offset: number, maxBytes: number) => Promise<Piece>,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = await read(0, PIECE);
  if (!first.truncated) return first.bytes;
  const whole = new Uint8Array(first.size);
  whole.set(first.bytes);
  let done = first.bytes.length;
  while (done < whole.length) {
    const { bytes, size } = await read(done, PIECE);
    if (size !== first.size || bytes.length === 0) {
      throw new IoError(`Cannot read ${JSON.stringify(path)}: its size changed meanwhile`);
    }
    whole.set(bytes, done);
    done += bytes.length;
  }
  return whole;
}
