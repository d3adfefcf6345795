/** Bytes that are kept from the start of a stream, and as many from its end. */
const KEPT = 32 * 1024;

/** The start and the end of what a program writes, however much it is. */
export class KeptOutput {
  readonly #head: Uint8Array[] = [];
  readonly #tail: Uint8Array[] = [];
  #headLength = 0;
  #tailLength = 0;
  #length = 0;

  /** Reads a stream to its end, so that the program is never held up. */
  static async of(stream: ReadableStream<Uint8Array>): Promise<KeptOutput> {
    const kept = new KeptOutput();
    for await (const chunk of stream) kept.#take(chunk);
    return kept;
  }

  #take(chunk: Uint8Array): void {
    this.#length += chunk.length;
    const first = chunk.subarray(0, KEPT - this.#headLength);
    if (first.length > 0) this.#head.push(first);
    this.#headLength += first.length;
    const rest = chunk.subarray(first.length);
    if (rest.length === 0) return;
    this.#tail.push(rest);
    this.#tailLength += rest.length;
    for (
      let oldest = this.#tail[0];
      oldest !== undefined && this.#tailLength - oldest.length >= KEPT;
      oldest = this.#tail[0]
    ) {
      this.#tail.shift();
      this.#tailLength -= oldest.length;
    }
  }

  /** As text, with a line in place of what was left out. */
  toString(): string {
    const text = (chunks: readonly Uint8Array[]) => {
      const decoder = new TextDecoder();
      return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
    };
    const extra = Math.max(0, this.#tailLength - KEPT);
    const [oldest = new Uint8Array(0), ...newer] = this.#tail;
    const tail = [oldest.subarray(extra), ...newer];
    const left = this.#length - this.#headLength - (this.#tailLength - extra);
    if (left === 0) return text([...this.#head, ...tail]);
    return `${text(this.#head)}\n[${left} bytes left out]\n${text(tail)}`;
  }
}
