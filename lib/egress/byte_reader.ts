const SMALLEST = 2048;
const BLOCK = 64 * 1024;

/** What may end the wait for bytes: the handshake's clock. */
export interface ReadLimit {
  within<T>(promise: Promise<T>): Promise<T>;
}

/** Reads from a connection and keeps what was read too much, so that no byte of what follows is lost. */
export class ByteReader {
  #buffer = new Uint8Array(SMALLEST);
  #start = 0;
  #end = 0;
  #block: Uint8Array<ArrayBuffer> | undefined;
  #pending: Promise<boolean> | undefined;

  constructor(readonly connection: Deno.Conn) {}

  /** What has been read and not taken yet; valid until the next call. */
  get buffered(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Drops the first bytes of the buffer. */
  skip(count: number): void {
    this.#start += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Takes everything that is buffered out of the reader. */
  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer.slice(this.#start, this.#end);
    this.#start = this.#end = 0;
    return bytes;
  }

  /** Reads once more into the buffer; false at the end of the stream. */
  fill(limit?: ReadLimit): Promise<boolean> {
    const read = this.#pending ?? this.#read();
    this.#pending = undefined;
    return limit === undefined ? read : limit.within(read);
  }

  /** Begins the next read, so that the end of the stream is seen while nobody asks; `fill` then takes it over. */
  readAhead(): Promise<boolean> {
    return this.#pending ??= this.#read();
  }

  async #read(): Promise<boolean> {
    if (this.#end === this.#buffer.length) this.#makeRoom();
    const count = await this.connection.read(this.#buffer.subarray(this.#end));
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  /** Takes exactly so many bytes; undefined where the stream ends before. */
  async exactly(count: number, limit?: ReadLimit): Promise<Uint8Array | undefined> {
    while (this.#end - this.#start < count) if (!(await this.fill(limit))) return undefined;
    const bytes = this.#buffer.slice(this.#start, this.#start + count);
    this.skip(count);
    return bytes;
  }

  /** Takes between one and `most` bytes, buffered ones first; valid until the next call, null at the end. */
  async some(most: number): Promise<Uint8Array | null> {
    if (this.#pending !== undefined && !(await this.fill())) return null;
    const ready = this.#end - this.#start;
    if (ready > 0) {
      const bytes = this.#buffer.slice(this.#start, this.#start + Math.min(ready, most));
      this.skip(bytes.length);
      return bytes;
    }
    this.#block ??= new Uint8Array(BLOCK);
    const block = most < BLOCK ? this.#block.subarray(0, most) : this.#block;
    const count = await this.connection.read(block);
    return count === null ? null : block.subarray(0, count);
  }

  /** Lets go of the memory that `some` reads into: a connection may now wait for long, among many. */
  release(): void {
    this.#block = undefined;
  }

  #makeRoom(): void {
    const kept = this.#buffer.subarray(this.#start, this.#end);
    const roomy = this.#start > 0 && kept.length <= this.#buffer.length / 2;
    const next = roomy ? this.#buffer : new Uint8Array(this.#buffer.length * 2);
    if (roomy) next.copyWithin(0, this.#start, this.#end);
    else next.set(kept);
    this.#end = kept.length;
    this.#start = 0;
    this.#buffer = next;
  }
}

/** Writes all of the bytes. */
export async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}
