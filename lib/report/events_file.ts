import { quote } from "./escape.ts";
import type { DecisionEvent } from "./event.ts";
import { TomboloError } from "./tombolo_error.ts";

/** Appends events to a file, one JSON object a line. */
export class EventsFile implements Disposable {
  readonly #file: Deno.FsFile;

  /** @throws {TomboloError} where the file cannot be opened */
  constructor(path: string) {
    try {
      this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown error";
      throw new TomboloError("usage", `Cannot open events file ${quote(path)}: ${reason}`, { cause: error });
    }
  }

  /** Writes one line with one call, so that lines of several runs stay whole (open(2), O_APPEND). */
  write(event: DecisionEvent): void {
    this.#file.writeSync(new TextEncoder().encode(JSON.stringify(event) + "\n"));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
