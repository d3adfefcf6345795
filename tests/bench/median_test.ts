import assert from "node:assert/strict";
import { median } from "../../bench/median.ts";

Deno.test("the median is the middle one of an odd count, as numbers and not as text", () => {
  assert.equal(median([100, 9, 20]), 20);
  assert.equal(median([7]), 7);
});

Deno.test("the median of an even count lies between the two in the middle", () => {
  assert.equal(median([4, 1, 100, 2]), 3);
});

Deno.test("the median leaves the order of its argument alone", () => {
  const values = [3, 1, 2];
  median(values);
  assert.deepEqual(values, [3, 1, 2]);
});

Deno.test("there is no median of nothing", () => {
  assert.throws(() => median([]), RangeError);
});
