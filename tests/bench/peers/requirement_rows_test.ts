import assert from "node:assert/strict";
import type { Contender } from "../../../bench/peers/contender.ts";
import { requirementRows } from "../../../bench/peers/requirement_rows.ts";
import { results } from "./results.ts";

const names = ["bare bubblewrap", "tombolo", "sandbox-runtime", "Codex's CLI"];
const all = names.map((name): Contender => ({ name, argv: () => [] }));

/** The verdicts on tombolo, by what is required, from seconds of each contender in every measurement. */
function verdicts(...seconds: (number | undefined)[]): Record<string, string> {
  const rows = requirementRows(results(all, seconds), all);
  return Object.fromEntries(
    rows.map(([what, limit, measured, holds]) => [`${what}, ${limit}`, `${measured}, ${holds}`]),
  );
}

Deno.test("times are held against upper limits, and throughput against lower ones", () => {
  const found = verdicts(1, 8, 40, 9);
  assert.equal(found["tombolo: start, no network, at most 8.5 x bare bubblewrap"], "8.00 x, yes");
  assert.equal(found["tombolo: start, no network, at most 1 x Codex's CLI"], "0.89 x, yes");
  assert.equal(found["tombolo: start, one host, at most 0.2 x sandbox-runtime"], "0.20 x, yes");
  assert.equal(found["tombolo: throughput, tunnel, at least 2 x sandbox-runtime"], "5.00 x, yes");
});

Deno.test("what is not reached is said", () => {
  const found = verdicts(1, 17, 20, 16);
  const holding = Object.values(found).filter((verdict) => verdict.endsWith("yes"));
  assert.deepEqual(holding, []);
  assert.equal(found["tombolo: throughput, tunnel, at least 2 x sandbox-runtime"], "1.18 x, no");
});

Deno.test("against what was not measured nothing holds", () => {
  const found = verdicts(1, 8, undefined, 9);
  assert.equal(found["tombolo: connect + first byte, at most 0.5 x sandbox-runtime"], "-, not measured");
  assert.equal(found["tombolo: start, one host, at most 16 x bare bubblewrap"], "8.00 x, yes");
});

Deno.test("a compiled tombolo is judged as well", () => {
  const compiled: Contender = { name: "tombolo, compiled", argv: () => [] };
  const rows = requirementRows(results([...all, compiled], [1, 8, 40, 9, 4]), [...all, compiled]);
  assert.ok(
    rows.some(([what, , measured]) =>
      what === "tombolo, compiled: start, no network" && measured === "4.00 x"
    ),
  );
});
