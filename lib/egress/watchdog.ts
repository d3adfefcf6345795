/** Longest delay that a timer holds: beyond it, `setTimeout` fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * A time limit that is started, touched and stopped often. One timer, armed again only when it fires: what happens for
 * every request or read costs a look at the clock.
 */
export class Watchdog implements Disposable {
  #limit = Infinity;
  #deadline = Infinity;
  #onExpired: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Infinity;

  /**
   * Begins to wait; what was begun before counts no more.
   *
   * @param limit Milliseconds without a touch; with Infinity there is no timer
   * @param onExpired Called once when they have passed
   */
  start(limit: number, onExpired: () => void): void {
    this.#limit = limit;
    this.#onExpired = onExpired;
    this.#deadline = Infinity;
    this.touch();
    if (this.#deadline < this.#firesAt) this.#arm();
  }

  /** Begins the same wait from now on. */
  touch(): void {
    if (this.#limit !== Infinity) this.#deadline = performance.now() + this.#limit;
  }

  /** Ends the wait. */
  stop(): void {
    this.#limit = this.#deadline = Infinity;
  }

  [Symbol.dispose](): void {
    this.stop();
    clearTimeout(this.#timer);
    this.#firesAt = Infinity;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(1, this.#deadline - performance.now()), LONGEST_DELAY_MS);
    this.#firesAt = performance.now() + delay;
    this.#timer = setTimeout(() => this.#check(), delay);
  }

  #check(): void {
    this.#firesAt = Infinity;
    if (this.#deadline === Infinity) return;
    if (this.#deadline > performance.now()) return this.#arm();
    this.stop();
    this.#onExpired();
  }
}
