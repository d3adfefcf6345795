import type { Contender } from "./contender.ts";
import type { Remains } from "./find_remains.ts";
import { type Results, TRANSFER } from "./measure_all.ts";
import { MANY, type Many } from "./measure_many.ts";
import { median } from "../median.ts";
import { reasonText } from "./reason_text.ts";
import type { Series } from "./series.ts";

type Cell = (contender: Contender) => string;

/** A cell of a series: its median, put into words, or why there is none. */
function cell(series: Series, text: (median: number, contender: Contender) => string): Cell {
  return (contender) => {
    const failure = series.failure(contender);
    return failure === undefined ? text(median(series.values(contender)), contender) : reasonText(failure);
  };
}

/** A ratio to the first contender, where that has a result. */
function ratio(value: number, base: readonly number[], invert = false): string {
  if (base.length === 0) return "";
  const quotient = invert ? median(base) / value : value / median(base);
  return ` (${quotient < 1 ? quotient.toFixed(2) : quotient.toFixed(1)} x)`;
}

/** A duration with three digits or so that count. */
function duration(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : seconds < 0.1 ? 1 : 0)} ms`;
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const names = (list: readonly string[]) =>
  list.length === 0 ? "nothing" : `${list.length}: ${list.join(" ")}`;

/**
 * The rows of the table: a title, and a cell for each contender.
 *
 * @param results What was measured
 * @param contenders In the order of the columns; ratios are to the first one
 */
export function resultRows(results: Results, contenders: readonly Contender[]): string[][] {
  const [base] = contenders;
  const baseOf = (series: Series) => base === undefined ? [] : series.values(base);
  const time = (series: Series) => cell(series, (value) => duration(value) + ratio(value, baseOf(series)));
  const speed = (series: Series) =>
    cell(
      series,
      (value) => `${(TRANSFER / value / 1e6).toFixed(0)} MB/s${ratio(value, baseOf(series), true)}`,
    );
  const many = ({ seconds, succeeded }: Many) =>
    cell(seconds, (value, contender) => {
      const least = Math.min(...succeeded.values(contender));
      return duration(value) + ratio(value, baseOf(seconds)) +
        (least < MANY ? `, only ${least} succeeded` : "");
    });
  const remains = (part: keyof Remains): Cell => (contender) => {
    const found = results.remains.get(contender) ?? "not looked at";
    return typeof found === "string" ? reasonText(found) : names(found[part]);
  };
  const rows: [title: string, cell: Cell][] = [
    ["start, no network", time(results.start["no network"])],
    ["start, one host", time(results.start["one host"])],
    ["connect + first byte, tunnel", time(results.firstByte)],
    ["throughput, plain request", speed(results.plain)],
    ["throughput, tunnel", speed(results.tunnel)],
    ["memory, no network", cell(results.memory["no network"], mebibytes)],
    ["memory, one host", cell(results.memory["one host"], mebibytes)],
    [`${MANY} at once, no network`, many(results.many["no network"])],
    [`${MANY} at once, one host`, many(results.many["one host"])],
    [`${MANY} at once in one directory`, many(results.manyInOne)],
    ["in the working directory meanwhile", remains("whileRunning")],
    ["in the working directory afterwards", remains("afterEnd")],
    ["in the working directory after SIGKILL", remains("afterKill")],
    ["processes that outlive SIGKILL", remains("survivors")],
  ];
  return rows.map(([title, cell]) => [title, ...contenders.map(cell)]);
}
