import assert from "node:assert/strict";
import type { Contender } from "../../../bench/peers/contender.ts";
import type { Remains } from "../../../bench/peers/find_remains.ts";
import { resultRows } from "../../../bench/peers/result_rows.ts";
import { Series } from "../../../bench/peers/series.ts";
import { results } from "./results.ts";

const [base, other] = ["base", "other"].map((name): Contender => ({ name, argv: () => [] })) as [
  Contender,
  Contender,
];

/** The cells of a row. */
function row(title: string, rows: readonly (readonly string[])[]): readonly string[] {
  return rows.find(([head]) => head === title)?.slice(1) ?? assert.fail(`there is no row "${title}"`);
}

Deno.test("durations have units that fit, and ratios to the first contender", () => {
  const rows = resultRows(results([base, other], [0.004, 0.0523]), [base, other]);
  assert.deepEqual(row("start, no network", rows), ["4.00 ms (1.0 x)", "52.3 ms (13.1 x)"]);
  const long = resultRows(results([base, other], [0.5, 1.234]), [base, other]);
  assert.deepEqual(row("start, one host", long), ["500 ms (1.0 x)", "1.23 s (2.5 x)"]);
});

Deno.test("throughput is a speed, and its ratio above 1 where it is quicker", () => {
  const rows = resultRows(results([base, other], [0.2, 0.5]), [base, other]);
  assert.deepEqual(row("throughput, tunnel", rows), ["1000 MB/s (1.0 x)", "400 MB/s (0.40 x)"]);
});

Deno.test("the least number of successes is said where it is not all of them", () => {
  const found = results([base, other], [1, 1]);
  const succeeded = new Series();
  succeeded.add(base, [16, 16]);
  succeeded.add(other, [16, 9, 12]);
  const rows = resultRows({ ...found, manyInOne: { seconds: found.plain, succeeded } }, [base, other]);
  assert.deepEqual(row("16 at once in one directory", rows), [
    "1.00 s (1.0 x)",
    "1.00 s (1.0 x), only 9 succeeded",
  ]);
});

Deno.test("a contender that failed has the reason in its cells, also for what was left behind", async () => {
  const start = new Series();
  await start.take(
    1,
    [base, other],
    (contender) =>
      contender === base ? Promise.resolve([1]) : Promise.reject(new Error("socat not installed")),
  );
  const found = results([base, other], [1, 1]);
  const remains = new Map<Contender, Remains | string>([
    [base, { whileRunning: [], afterEnd: [], afterKill: [".a", ".b"], survivors: ["sh"] }],
    [other, "socat not installed"],
  ]);
  const rows = resultRows({ ...found, start: { "no network": start, "one host": start }, remains }, [
    base,
    other,
  ]);
  assert.deepEqual(row("start, one host", rows), ["1.00 s (1.0 x)", "- (socat not installed)"]);
  assert.deepEqual(row("in the working directory after SIGKILL", rows), [
    "2: .a .b",
    "- (socat not installed)",
  ]);
  assert.deepEqual(row("in the working directory meanwhile", rows)[0], "nothing");
});

Deno.test("without a result of the first contender there are no ratios", async () => {
  const start = new Series();
  await start.take(
    1,
    [base, other],
    (contender) => contender === other ? Promise.resolve([1]) : Promise.reject(new Error("no")),
  );
  const found = results([base, other], [1, 1]);
  const rows = resultRows({ ...found, start: { "no network": start, "one host": start } }, [base, other]);
  assert.deepEqual(row("start, no network", rows), ["- (no)", "1.00 s"]);
});
