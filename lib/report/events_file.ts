import type { SafePath } from "../paths/safe_path.ts";
import { lstat } from "../paths/resolve_path.ts";
import { escapedJson, quote } from "./escape.ts";
import type { DecisionEvent } from "./event.ts";
import { TomboloError } from "./tombolo_error.ts";

function openToAppend(path: SafePath): [file: Deno.FsFile, isNew: boolean] {
  const before = lstat(path);
  if (before !== undefined && (!before.isFile || before.nlink !== 1)) {
    throw new TomboloError(
      "usage",
      `Cannot open events file ${quote(path.toString())}: it is not a file of one name`,
    );
  }
  const isNew = before === undefined;
  try {
    const file = Deno.openSync(path.toString(), {
      append: true,
      ...(isNew ? { createNew: true, mode: 0o600 } : {}),
    });
    return [file, isNew];
  } catch (error) {
    // Another run has made it meanwhile.
    if (isNew && error instanceof Deno.errors.AlreadyExists) return openToAppend(path);
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new TomboloError("usage", `Cannot open events file ${quote(path.toString())}: ${reason}`, {
      cause: error,
    });
  }
}

/** Appends events to a file, one JSON object a line. */
export class EventsFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #isNew: boolean;

  /**
   * @param path Real path; what it holds is chosen inside in part, so a link or a second name that a sandbox planted
   * must not lead it into a file that the host runs
   * @throws {TomboloError} where the file cannot be opened or is not a file of one name
   */
  constructor(readonly path: SafePath) {
    [this.#file, this.#isNew] = openToAppend(path);
  }

  /** Writes one line with one call, so that lines of several runs stay whole (open(2), O_APPEND). */
  write(event: DecisionEvent): void {
    this.#file.writeSync(new TextEncoder().encode(escapedJson(event) + "\n"));
  }

  /** Takes back a file that was made for a run that did not take place. */
  discard(): void {
    if (this.#isNew && this.#file.statSync().size === 0) Deno.removeSync(this.path.toString());
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
