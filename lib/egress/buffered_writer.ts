/** Takes bytes on their way; they are valid only during the call. */
export type Write = (bytes: Uint8Array) => Promise<void>;

const SIZE = 16 * 1024;

/** Gathers small pieces, so that a head, its body and the marks between chunks leave in one write. */
export class BufferedWriter {
  readonly #write: Write;
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  #length = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  /** Writes at once what is large, and keeps the rest until `flush`. */
  async put(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#length + bytes.length > SIZE) {
      await this.flush();
      if (bytes.length > SIZE) return await this.#write(bytes);
    }
    this.#buffer ??= new Uint8Array(SIZE);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes what was kept. */
  async flush(): Promise<void> {
    if (this.#length === 0 || this.#buffer === undefined) return;
    const kept = this.#buffer.subarray(0, this.#length);
    this.#length = 0;
    await this.#write(kept);
  }
}
