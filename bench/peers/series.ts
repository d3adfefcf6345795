import type { Contender } from "./contender.ts";

/** The samples of one measurement, by contender. Who fails once is not tried again, and the failure is the result. */
export class Series {
  readonly #samples = new Map<Contender, number[]>();
  readonly #failures = new Map<Contender, string>();

  /**
   * Takes samples of every contender, turn by turn, each round beginning with another one: what disturbs the machine
   * for a while disturbs all of them.
   *
   * @param rounds How often each has its turn
   * @param contenders Who takes part
   * @param act Takes one sample or several
   */
  async take(
    rounds: number,
    contenders: readonly Contender[],
    act: (contender: Contender, round: number) => Promise<readonly number[]>,
  ): Promise<void> {
    for (let round = 0; round < rounds; round++) {
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
