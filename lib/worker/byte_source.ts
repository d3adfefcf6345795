/** Something that blocks until it has bytes: stdin. */
export interface SyncInput {
  /** @returns Bytes read; `null` at the end */
  readSync(buffer: Uint8Array): number | null;
}

const BUFFER = 64 * 1024;

/** Takes exact numbers of bytes from an input. */
export class ByteSource {
  readonly #buffer = new Uint8Array(BUFFER);
  #start = 0;
  #end = 0;

  constructor(private readonly input: SyncInput) {}

  #fill(): boolean {
    this.#start = 0;
    const count = this.input.readSync(this.#buffer);
    this.#end = count ?? 0;
    return this.#end > 0;
  }

  /** Fills a buffer; returns how many bytes came before the end. */
  take(target: Uint8Array<ArrayBuffer>): number {
    let done = 0;
    while (done < target.length) {
      const left = this.#end - this.#start;
      if (left > 0) {
        const count = Math.min(left, target.length - done);
        target.set(this.#buffer.subarray(this.#start, this.#start + count), done);
        this.#start += count;
        done += count;
      } else if (target.length - done >= BUFFER) {
        // Straight to its place.
        const count = this.input.readSync(target.subarray(done));
        if (count === null || count === 0) return done;
        done += count;
      } else if (!this.#fill()) {
        return done;
      }
    }
    return done;
  }

  /** Reads and forgets; returns whether that many bytes came. */
  skip(count: number): boolean {
    let left = count;
    for (;;) {
      const here = Math.min(left, this.#end - this.#start);
      this.#start += here;
      left -= here;
      if (left === 0) return true;
      if (!this.#fill()) return false;
    }
  }
}
