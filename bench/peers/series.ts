import type { Contender } from "./contender.ts";

/** Milliseconds after which no further round begins: on a busy machine a run would take too long. */
const ENOUGH = 45_000;

/** The samples of one measurement, by contender. Who fails once is not tried again, and the failure is the result. */
export class Series {
  readonly #samples = new Map<Contender, number[]>();
  readonly #failures = new Map<Contender, string>();
  readonly #now: () => number;

  /** @param now A clock, in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Takes samples of every contender, turn by turn, each round beginning with another one: what disturbs the machine
   * for a while disturbs all of them.
   *
   * @param rounds How often each has its turn; less often where that takes too long, but all equally often
   * @param contenders Who takes part
   * @param act Takes one sample or several
   */
  async take(
    rounds: number,
    contenders: readonly Contender[],
    act: (contender: Contender, round: number) => Promise<readonly number[]>,
  ): Promise<void> {
    const begin = this.#now();
    for (let round = 0; round < rounds && (round === 0 || this.#now() - begin < ENOUGH); round++) {
      for (let turn = 0; turn < contenders.length; turn++) {
        const contender = contenders[(turn + round) % contenders.length];
        if (contender === undefined || this.#failures.has(contender)) continue;
        try {
          this.add(contender, await act(contender, round));
        } catch (error) {
          this.#failures.set(contender, error instanceof Error ? error.message : String(error));
        }
      }
    }
  }

  add(contender: Contender, samples: readonly number[]): void {
    this.#samples.set(contender, [...this.values(contender), ...samples]);
  }

  values(contender: Contender): readonly number[] {
    return this.#samples.get(contender) ?? [];
  }

  failure(contender: Contender): string | undefined {
    return this.#failures.get(contender);
  }
}
