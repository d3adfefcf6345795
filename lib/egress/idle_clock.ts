/** Longest delay that a timer holds: beyond it, `setTimeout` fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Notices that nothing has moved for a while. One timer, re-armed when it fires: a touch costs no timer. */
export class IdleClock {
  #expired = false;
  #last = performance.now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #limit: number;
  readonly #onExpired: () => void;

  /**
   * @param limit Milliseconds without a touch
   * @param onExpired Called once when they have passed
   */
  constructor(limit: number, onExpired: () => void) {
    this.#limit = limit;
    this.#onExpired = onExpired;
    this.#arm(limit);
  }

  get expired(): boolean {
    return this.#expired;
  }

  touch(): void {
    this.#last = performance.now();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #arm(delay: number): void {
    this.#timer = setTimeout(() => this.#check(), Math.min(Math.max(1, delay), LONGEST_DELAY_MS));
  }

  #check(): void {
    const left = this.#last + this.#limit - performance.now();
    if (left > 0) return this.#arm(left);
    this.#expired = true;
    this.#onExpired();
  }
}
