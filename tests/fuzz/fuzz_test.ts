import assert from "node:assert/strict";
import { fuzz, type Target, TARGETS } from "./targets.ts";

for (const [name, target] of Object.entries(TARGETS)) {
  Deno.test(`${name}: whatever comes, it is understood or refused with the parser's own error`, async () => {
    await fuzz(name, target, 20_260_101, 2000);
  });
}

Deno.test("a parser that throws anything else is found, with the input", async () => {
  const careless: Target = {
    seeds: [new TextEncoder().encode("{}")],
    expected: [RangeError],
    run: (bytes) => JSON.parse(new TextDecoder().decode(bytes)),
  };
  await assert.rejects(
    fuzz("JSON", careless, 1, 1000),
    /^Error: JSON failed for [0-9a-f]* \(seed 1, round \d+\)/,
  );
});
