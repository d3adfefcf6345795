/** What has been started and not ended yet. */
export class Work {
  readonly #unfinished = new Set<Promise<void>>();

  /** How many there are. */
  get size(): number {
    return this.#unfinished.size;
  }

  add(work: Promise<void>): void {
    const tracked = work.finally(() => this.#unfinished.delete(tracked));
    this.#unfinished.add(tracked);
  }

  /** Waits until all of it has ended. */
  async done(): Promise<void> {
    await Promise.all(this.#unfinished);
  }

  /** Waits as {@linkcode done} does, but no longer than so many milliseconds. */
  async doneWithin(milliseconds: number): Promise<void> {
    if (this.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    await Promise.race([this.done(), promise]);
    clearTimeout(timer);
  }
}
