/** Reads the parts of a binary message one after another, never beyond its end. */
export class ByteCursor {
  #at = 0;

  /**
   * @param bytes The message
   * @param fail Throws the parser's own error; the message it is given names the part
   */
  constructor(readonly bytes: Uint8Array, readonly fail: (message: string) => never) {}

  /** How many bytes are left. */
  get left(): number {
    return this.bytes.length - this.#at;
  }

  /** Takes so many bytes. */
  take(count: number, part: string): Uint8Array {
    if (this.left < count) this.fail(`its ${part} is cut off`);
    this.#at += count;
    return this.bytes.subarray(this.#at - count, this.#at);
  }

  /** Takes an unsigned number of so many bytes, big-endian. */
  number(width: number, part: string): number {
    return this.take(width, part).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** Takes a vector that its length in so many bytes precedes (RFC 8446 section 3.4). */
  vector(width: number, part: string): ByteCursor {
    return new ByteCursor(this.take(this.number(width, part), part), this.fail);
  }

  /** Makes sure that nothing follows. */
  end(part: string): void {
    if (this.left > 0) this.fail(`${this.left} bytes follow ${part}`);
  }
}
