import { untilAborted } from "./resolve.ts";

/** Lets so many hold a slot at once; the rest wait in order. */
export class Slots {
  #free: number;
  #used = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** How many slots are held. */
  get used(): number {
    return this.#used;
  }

  /**
   * Takes a slot, waiting for one if need be.
   *
   * @param signal Gives up the place in the queue
   * @returns Gives the slot back; only the first call counts
   */
  async acquire(signal: AbortSignal): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    this.#used++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#used--;
      this.#pass();
    };
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn.resolve);
    try {
      await untilAborted(turn.promise, signal);
    } catch (error) {
      const place = this.#waiting.indexOf(turn.resolve);
      // Whoever was called in the same moment hands the slot on.
      if (place < 0) this.#pass();
      else this.#waiting.splice(place, 1);
      throw error;
    }
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next();
  }
}
