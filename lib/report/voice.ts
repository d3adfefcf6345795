import { escape, escapedJson } from "./escape.ts";
import { TomboloError } from "./tombolo_error.ts";

/** How much tombolo says, and in which form. */
export interface Manner {
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly json: boolean;
}

/** Everything that tombolo says goes to stderr, a line each; stdout is the command's. */
export class Voice {
  constructor(private readonly manner: Manner) {}

  #write(line: string, fields: Readonly<Record<string, unknown>>): void {
    // Once more for all: what a message quotes may have come from the system's own error texts.
    const text = this.manner.json ? escapedJson({ tombolo: line, ...fields }) : `tombolo: ${escape(line)}`;
    Deno.stderr.writeSync(new TextEncoder().encode(text + "\n"));
  }

  /** Something worth knowing; left out with `--quiet`. */
  say(line: string, fields: Readonly<Record<string, unknown>> = {}): void {
    if (!this.manner.quiet) this.#write(line, fields);
  }

  /** Something that even `--quiet` must not hide. */
  warn(line: string): void {
    this.#write(line, {});
  }

  /** Something that only `--verbose` asks for. */
  detail(line: string): void {
    if (this.manner.verbose) this.say(line);
  }

  /**
   * Says what went wrong.
   *
   * @returns The exit status that stands for it
   */
  fail(error: unknown): number {
    if (error instanceof TomboloError) {
      const remedy = error.remedy === undefined ? "" : `; ${error.remedy}`;
      this.#write(`${error.message}${remedy}`, { error: error.kind, status: error.status });
      return error.status;
    }
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    this.#write(`internal error: ${escape(text)}`, { error: "internal", status: 125 });
    if (this.manner.verbose && error instanceof Error) this.#write(escape(error.stack ?? ""), {});
    return 125;
  }
}
