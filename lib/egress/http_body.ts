import { BufferedWriter, type Write } from "./buffered_writer.ts";
import type { ByteReader } from "./byte_reader.ts";
import type { Framing } from "./http_framing.ts";
import { type Field, HttpError, parseFields } from "./http_head.ts";
import { fromLatin1, toLatin1 } from "./latin1.ts";

const LONGEST_CHUNK_LINE = 1024;
const LONGEST_TRAILERS = 8192;
const CRLF = toLatin1("\r\n");

/** Fields that mean nothing, or too much, behind a body (RFC 9110 section 6.5.1). */
const NO_TRAILERS: ReadonlySet<string> = new Set([
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "host",
  "keep-alive",
  "max-forwards",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "www-authenticate",
]);

/** The body ended before its framing says so. */
export class TruncatedError extends Error {
  override readonly name = "TruncatedError";
}

/** How a body goes out. */
export interface Outgoing {
  readonly chunked: boolean;
  /** The head, to be sent together with the first bytes of the body where they are there already. */
  readonly start?: Uint8Array;
}

/**
 * Copies one body. Chunks are read strictly and written anew, without extensions, so that what the next reader sees
 * can be read in one way only.
 *
 * @param reader Where the body comes from
 * @param framing How it ends there
 * @param write Where it goes
 * @param outgoing How it goes out; trailers are left out unless it is chunked
 * @throws {HttpError} 400 for malformed chunks
 * @throws {TruncatedError} When the stream ends before the body does
 */
export async function copyBody(
  reader: ByteReader,
  framing: Framing,
  write: Write,
  outgoing: Outgoing,
): Promise<void> {
  const copy = new BodyCopy(reader, new BufferedWriter(write), outgoing.chunked);
  await copy.run(framing, outgoing.start);
}

/** One body on its way. */
class BodyCopy {
  constructor(
    readonly reader: ByteReader,
    readonly writer: BufferedWriter,
    readonly chunked: boolean,
  ) {}

  async run(framing: Framing, start: Uint8Array | undefined): Promise<void> {
    if (start !== undefined) await this.writer.put(start);
    let trailers: readonly Field[] = [];
    if (framing.kind === "length") await this.#length(framing.length);
    if (framing.kind === "chunked") trailers = await this.#chunks();
    if (framing.kind === "until-close") {
      for (let bytes = await this.#some(Infinity); bytes !== null; bytes = await this.#some(Infinity)) {
        await this.#put(bytes);
      }
    }
    if (this.chunked) await this.writer.put(lastChunk(trailers));
    await this.writer.flush();
    this.reader.release();
  }

  /** Nothing is held back while the source makes us wait. */
  async #some(most: number): Promise<Uint8Array | null> {
    if (this.reader.buffered.length === 0) await this.writer.flush();
    return await this.reader.some(most);
  }

  async #put(bytes: Uint8Array): Promise<void> {
    if (this.chunked) await this.writer.put(toLatin1(`${bytes.length.toString(16)}\r\n`));
    await this.writer.put(bytes);
    if (this.chunked) await this.writer.put(CRLF);
  }

  async #length(length: number): Promise<void> {
    for (let left = length; left > 0;) {
      const bytes = await this.#some(left);
      if (bytes === null) throw new TruncatedError("the body ends early");
      await this.#put(bytes);
      left -= bytes.length;
    }
  }

  /** Returns the trailers that may be passed on. */
  async #chunks(): Promise<Field[]> {
    for (;;) {
      const line = await this.#line(LONGEST_CHUNK_LINE);
      const [, size] = /^([0-9a-f]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?$/i.exec(line) ?? [];
      if (size === undefined) throw new HttpError(400, "a chunk has no proper size");
      const length = parseInt(size, 16);
      if (length === 0) break;
      await this.#length(length);
      if (await this.#line(2) !== "") throw new HttpError(400, "a chunk is longer than its size");
    }
    const lines: string[] = [];
    for (let left = LONGEST_TRAILERS;;) {
      const line = await this.#line(left);
      if (line === "") return parseFields(lines).list.filter(({ key }) => !NO_TRAILERS.has(key));
      lines.push(line);
      left -= line.length + 2;
    }
  }

  /** Reads one line that ends in CRLF; a bare CR, a bare LF and NUL are refused. */
  async #line(longest: number): Promise<string> {
    for (let looked = 0;;) {
      const bytes = this.reader.buffered;
      for (; looked < bytes.length; looked++) {
        const byte = bytes[looked];
        const afterCr = bytes[looked - 1] === 0x0d;
        if (byte === 0 || afterCr !== (byte === 0x0a)) {
          throw new HttpError(400, "a chunk line holds a bare CR, LF or NUL");
        }
        if (!afterCr) continue;
        const line = fromLatin1(bytes.subarray(0, looked - 1));
        this.reader.skip(looked + 1);
        return line;
      }
      if (bytes.length >= longest + 2) throw new HttpError(400, "a chunk line is too long");
      await this.writer.flush();
      if (!(await this.reader.fill())) throw new TruncatedError("the body ends early");
    }
  }
}

function lastChunk(trailers: readonly Field[]): Uint8Array {
  return toLatin1(`0\r\n${trailers.map(({ name, value }) => `${name}: ${value}\r\n`).join("")}\r\n`);
}
