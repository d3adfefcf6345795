import type { ByteReader } from "./byte_reader.ts";
import type { Framing } from "./http_framing.ts";
import { HttpError } from "./http_head.ts";
import { fromLatin1, toLatin1 } from "./latin1.ts";

const LONGEST_CHUNK_LINE = 1024;
const LONGEST_TRAILERS = 8192;
const CRLF = toLatin1("\r\n");
const LAST_CHUNK = toLatin1("0\r\n\r\n");

/** Takes the bytes of a body on their way. */
export type Write = (bytes: Uint8Array) => Promise<void>;

/** The body ended before its framing says so. */
export class TruncatedError extends Error {
  override readonly name = "TruncatedError";
}

/**
 * Copies one body. Chunks are read strictly and written anew, without extensions and trailers, so that what
 * the next reader sees can be read in one way only.
 *
 * @param reader Where the body comes from
 * @param framing How it ends there
 * @param write Where it goes
 * @param chunked Whether it goes out in chunks
 * @throws {HttpError} 400 for malformed chunks
 * @throws {TruncatedError} When the stream ends before the body does
 */
export async function copyBody(
  reader: ByteReader,
  framing: Framing,
  write: Write,
  chunked: boolean,
): Promise<void> {
  const put: Write = chunked ? (bytes) => writeChunk(write, bytes) : write;
  if (framing.kind === "length") await copyLength(reader, framing.length, put);
  if (framing.kind === "chunked") await copyChunks(reader, put);
  if (framing.kind === "until-close") {
    for (let bytes = await reader.some(Infinity); bytes !== null; bytes = await reader.some(Infinity)) {
      await put(bytes);
    }
  }
  if (chunked) await write(LAST_CHUNK);
}

async function writeChunk(write: Write, bytes: Uint8Array): Promise<void> {
  const size = toLatin1(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  chunk.set(size);
  chunk.set(bytes, size.length);
  chunk.set(CRLF, size.length + bytes.length);
  await write(chunk);
}

async function copyLength(reader: ByteReader, length: number, put: Write): Promise<void> {
  for (let left = length; left > 0;) {
    const bytes = await reader.some(left);
    if (bytes === null) throw new TruncatedError("the body ends early");
    await put(bytes);
    left -= bytes.length;
  }
}

async function copyChunks(reader: ByteReader, put: Write): Promise<void> {
  for (;;) {
    const line = await readLine(reader, LONGEST_CHUNK_LINE);
    const [, size] = /^([0-9a-f]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(line) ?? [];
    if (size === undefined) throw new HttpError(400, "a chunk has no proper size");
    const length = parseInt(size, 16);
    if (length === 0) break;
    await copyLength(reader, length, put);
    if (await readLine(reader, 2) !== "") throw new HttpError(400, "a chunk is longer than its size");
  }
  for (let left = LONGEST_TRAILERS;;) {
    const line = await readLine(reader, left);
    if (line === "") return;
    left -= line.length + 2;
  }
}

/** Reads one line that ends in CRLF; a bare CR, a bare LF and NUL are refused. */
async function readLine(reader: ByteReader, longest: number): Promise<string> {
  for (let looked = 0;;) {
    const bytes = reader.buffered;
    for (; looked < bytes.length; looked++) {
      const byte = bytes[looked];
      const afterCr = bytes[looked - 1] === 0x0d;
      if (byte === 0 || afterCr !== (byte === 0x0a)) {
        throw new HttpError(400, "a chunk line holds a bare CR, LF or NUL");
      }
      if (!afterCr) continue;
      const line = fromLatin1(bytes.subarray(0, looked - 1));
      reader.skip(looked + 1);
      return line;
    }
    if (bytes.length >= longest + 2) throw new HttpError(400, "a chunk line is too long");
    if (!(await reader.fill())) throw new TruncatedError("the body ends early");
  }
}
