import type { Contender } from "../../../bench/peers/contender.ts";
import type { Results } from "../../../bench/peers/measure_all.ts";
import { Series } from "../../../bench/peers/series.ts";

/**
 * Results in which every measurement of a contender came to the same number.
 *
 * @param contenders Who took part
 * @param values The number of each; without one it has no samples
 */
export function results(contenders: readonly Contender[], values: readonly (number | undefined)[]): Results {
  const series = new Series();
  for (const [index, contender] of contenders.entries()) {
    const value = values[index];
    if (value !== undefined) series.add(contender, [value]);
  }
  const both = { "no network": series, "one host": series };
  const many = { seconds: series, succeeded: series };
  return {
    start: both,
    plain: series,
    tunnel: series,
    firstByte: series,
    memory: both,
    many: { "no network": many, "one host": many },
    manyInOne: many,
    remains: new Map(),
  };
}
