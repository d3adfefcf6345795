import type { Contender, Network } from "./contender.ts";
import { findRemains, type Remains } from "./find_remains.ts";
import { type Many, measureMany } from "./measure_many.ts";
import { measureMemory } from "./measure_memory.ts";
import { measureStart } from "./measure_start.ts";
import { measureTransfer } from "./measure_transfer.ts";
import type { Series } from "./series.ts";
import type { Stage } from "./stage.ts";

/** How often each contender has its turn. */
export interface Effort {
  readonly start: number;
  readonly transfer: number;
  readonly firstByte: number;
  readonly memory: number;
  readonly many: number;
}

/** Everything that one run has measured. */
export interface Results {
  readonly start: Readonly<Record<Network, Series>>;
  readonly plain: Series;
  readonly tunnel: Series;
  readonly firstByte: Series;
  readonly memory: Readonly<Record<Network, Series>>;
  /** Many at once, a directory each. */
  readonly many: Readonly<Record<Network, Many>>;
  /** Many at once, without network, in one directory. */
  readonly manyInOne: Many;
  /** What each left behind, or why that is not known. */
  readonly remains: ReadonlyMap<Contender, Remains | string>;
}

/** What one transfer brings. */
export const TRANSFER = 200_000_000;

const REQUESTS = 40;

async function allRemains(
  contenders: readonly Contender[],
  stage: Stage,
  say: (what: string) => void,
): Promise<ReadonlyMap<Contender, Remains | string>> {
  say("what is left behind");
  const entry = async (contender: Contender) => {
    const remains = findRemains(contender, stage);
    const found = await remains.catch((error) => error instanceof Error ? error.message : String(error));
    return [contender, found] as const;
  };
  return new Map(await Promise.all(contenders.map(entry)));
}

/**
 * Measures everything, one thing after the other, in each all contenders turn by turn.
 *
 * @param say Told what is measured next
 */
export async function measureAll(
  contenders: readonly Contender[],
  stage: Stage,
  effort: Effort,
  say: (what: string) => void,
): Promise<Results> {
  const both = async <T>(what: string, measure: (network: Network) => Promise<T>) => {
    say(what);
    return { "no network": await measure("no network"), "one host": await measure("one host") };
  };
  const fetch = (what: string, way: "plain" | "tunnel", bytes: number, times: number, rounds: number) => {
    say(what);
    return measureTransfer(contenders, way, { bytes, times }, stage, rounds);
  };
  return {
    start: await both("start", (network) => measureStart(contenders, network, stage, effort.start)),
    plain: await fetch("throughput, plain", "plain", TRANSFER, 1, effort.transfer),
    tunnel: await fetch("throughput, tunnel", "tunnel", TRANSFER, 1, effort.transfer),
    firstByte: await fetch("first byte", "tunnel", 1, REQUESTS, effort.firstByte),
    memory: await both("memory", (network) => measureMemory(contenders, network, stage, effort.memory)),
    many: await both(
      "many at once",
      (network) => measureMany(contenders, network, "a directory each", stage, effort.many),
    ),
    manyInOne: await measureMany(contenders, "no network", "one directory", stage, effort.many),
    remains: await allRemains(contenders, stage, say),
  };
}
