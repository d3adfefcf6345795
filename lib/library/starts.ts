/** The processes that a command was started with: more than one where a sandbox had to be built again. */
export class Starts {
  readonly #children: Deno.ChildProcess[] = [];
  #changed = Promise.withResolvers<void>();
  #isOver = false;

  /** The last one. */
  get latest(): Deno.ChildProcess | undefined {
    return this.#children.at(-1);
  }

  add(child: Deno.ChildProcess): void {
    this.#children.push(child);
    this.#change();
  }

  /** Says that no other will come. */
  end(): void {
    this.#isOver = true;
    this.#change();
  }

  /** Waits for one; `undefined` where it never comes. */
  async at(index: number): Promise<Deno.ChildProcess | undefined> {
    while (this.#children[index] === undefined && !this.#isOver) await this.#changed.promise;
    return this.#children[index];
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
