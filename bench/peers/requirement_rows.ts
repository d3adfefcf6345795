import type { Contender } from "./contender.ts";
import type { Results } from "./measure_all.ts";
import { median } from "../median.ts";
import type { Series } from "./series.ts";

/** What tombolo is to reach beside another one: the quotient of their medians is held against a limit. */
interface Requirement {
  readonly text: string;
  readonly series: Series;
  readonly against: string;
  readonly limit: number;
  /** For throughput: the other one's time over tombolo's, and the limit is a lower one. */
  readonly atLeast?: boolean;
}

function requirements({ start, firstByte, plain, tunnel }: Results): readonly Requirement[] {
  const [closed, open] = [start["no network"], start["one host"]];
  const [bare, runtime, codex] = ["bare bubblewrap", "sandbox-runtime", "Codex's CLI"] as const;
  return [
    { text: "start, no network", series: closed, against: bare, limit: 8.5 },
    { text: "start, no network", series: closed, against: codex, limit: 1 },
    { text: "start, no network", series: closed, against: runtime, limit: 0.2 },
    { text: "start, one host", series: open, against: bare, limit: 16 },
    { text: "start, one host", series: open, against: runtime, limit: 0.2 },
    { text: "connect + first byte", series: firstByte, against: runtime, limit: 0.5 },
    { text: "throughput, plain request", series: plain, against: runtime, limit: 2, atLeast: true },
    { text: "throughput, tunnel", series: tunnel, against: runtime, limit: 2, atLeast: true },
  ];
}

/**
 * The rows of the table of what tombolo is to reach: what, the limit, what was measured, whether it holds.
 *
 * @param results What was measured
 * @param contenders Who took part; every tombolo among them is judged
 */
export function requirementRows(results: Results, contenders: readonly Contender[]): string[][] {
  const judged = contenders.filter(({ name }) => name.startsWith("tombolo"));
  return requirements(results).flatMap(({ text, series, against, limit, atLeast = false }) =>
    judged.map((contender) => {
      const other = contenders.find(({ name }) => name === against);
      const [mine, theirs] = [series.values(contender), other === undefined ? [] : series.values(other)];
      const bound = `${atLeast ? "at least" : "at most"} ${limit} x ${against}`;
      if (mine.length === 0 || theirs.length === 0) {
        return [`${contender.name}: ${text}`, bound, "-", "not measured"];
      }
      const quotient = atLeast ? median(theirs) / median(mine) : median(mine) / median(theirs);
      const holds = atLeast ? quotient >= limit : quotient <= limit;
      return [`${contender.name}: ${text}`, bound, `${quotient.toFixed(2)} x`, holds ? "yes" : "no"];
    })
  );
}
