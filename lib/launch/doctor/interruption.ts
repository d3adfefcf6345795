import { SIGNAL_NUMBERS } from "../signals.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** While it lives, a signal that would end this process only aborts what it is told to abort. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map((signal) => ({ signal, listener: () => this.#note(signal) }));
  #status: number | undefined;

  constructor() {
    for (const { signal, listener } of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit status that stands for the signal, where one has come. */
  get status(): number | undefined {
    return this.#status;
  }

  #note(signal: typeof SIGNALS[number]): void {
    this.#status ??= 128 + SIGNAL_NUMBERS[signal];
    this.#controller.abort();
  }

  [Symbol.dispose](): void {
    for (const { signal, listener } of this.#listeners) Deno.removeSignalListener(signal, listener);
  }
}
