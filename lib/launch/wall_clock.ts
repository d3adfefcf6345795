import type { Limit } from "../policy/limits.ts";

// After this a command that does not heed TERM gets KILL.
const KILL_AFTER_MS = 5000;

/** What a run does when its time is over. */
export interface WallClockActions {
  /** Asks the command to end. */
  readonly ask: () => void;
  /** Ends everything. */
  readonly end: () => void;
}

/** Ends a run whose wall time is over: TERM to the command, and 5 s later KILL to everything. */
export class WallClock implements Disposable {
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  #isOver = false;

  /** @param limit Nothing is ever over where there is none */
  constructor(limit: Limit | undefined, { ask, end }: WallClockActions) {
    if (limit === undefined) return;
    this.#after(limit.value, () => {
      this.#isOver = true;
      ask();
      this.#after(KILL_AFTER_MS, end);
    });
  }

  // The command keeps the event loop alive, where it is meant to.
  #after(milliseconds: number, act: () => void): void {
    const timer = setTimeout(act, milliseconds);
    Deno.unrefTimer(timer);
    this.#timers.push(timer);
  }

  /** Whether the time was over while the command ran. */
  get isOver(): boolean {
    return this.#isOver;
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
