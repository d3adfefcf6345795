import { type ForwardedSignal, SignalForwarding } from "../signals.ts";

/** Signals for a command that is yet to come: kept until somebody takes them. */
export class PendingSignals implements Disposable {
  readonly #waiting: ForwardedSignal[] = [];
  #send: (signal: ForwardedSignal) => void = (signal) => this.#waiting.push(signal);
  readonly #forwarding = new SignalForwarding((signal) => this.#send(signal));

  /** @param send Gets those that have come, and those that come */
  pass(send: (signal: ForwardedSignal) => void): void {
    this.#send = send;
    for (const signal of this.#waiting.splice(0)) send(signal);
  }

  [Symbol.dispose](): void {
    this.#forwarding[Symbol.dispose]();
  }
}
