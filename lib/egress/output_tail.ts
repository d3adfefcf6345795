const MOST_LINES = 20;
const LONGEST_LINE = 500;

/** Reads what a program writes to the end, and keeps its last lines. */
export class OutputTail {
  readonly #lines: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<string>;
  #rest = "";
  /** Settles when the program's last process has closed it; never rejects. */
  readonly done: Promise<void>;

  /**
   * @param output Read until its end, so that the program is never held up
   * @param onLine Takes each whole line, cut at 500 characters
   */
  constructor(
    output: ReadableStream<Uint8Array<ArrayBuffer>>,
    private readonly onLine: (line: string) => void,
  ) {
    this.#reader = output.pipeThrough(new TextDecoderStream()).getReader();
    this.done = this.#read();
  }

  /** The last lines that are not blank, oldest first, as they were written: escape before showing. */
  last(count: number): string[] {
    const all = this.#rest.trim() === "" ? this.#lines : [...this.#lines, this.#rest.slice(0, LONGEST_LINE)];
    return all.slice(-count);
  }

  /** Stops reading. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
    await this.done;
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (done) return;
        this.#take(value);
      }
    } catch {
      // Cancelled, or the pipe broke: what has come is kept.
    }
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    // A line without end must not fill the memory; its beginning says enough.
    this.#rest = (lines.pop() ?? "").slice(0, LONGEST_LINE);
    for (const line of lines) if (line.trim() !== "") this.#keep(line.slice(0, LONGEST_LINE));
  }

  #keep(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
    this.onLine(line);
  }
}
