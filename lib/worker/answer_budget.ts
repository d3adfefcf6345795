import { MAX_FRAME } from "./protocol.ts";

// Room for the fields around the entries.
const RESERVE = 1024;
const encoder = new TextEncoder();

/** Keeps a list small enough for one frame. */
export class AnswerBudget {
  #left = MAX_FRAME - RESERVE;

  /** Whether an entry still fits, once it is JSON with a comma behind it. */
  take(entry: unknown): boolean {
    this.#left -= encoder.encode(JSON.stringify(entry)).length + 1;
    return this.#left >= 0;
  }
}
