import assert from "node:assert/strict";
import type { Contender } from "../../../bench/peers/contender.ts";
import { Series } from "../../../bench/peers/series.ts";

const [a, b, c] = ["a", "b", "c"].map((name): Contender => ({ name, argv: () => [] })) as [
  Contender,
  Contender,
  Contender,
];

Deno.test("all have their turn in each round, and each round begins with another one", async () => {
  const turns: string[] = [];
  await new Series().take(3, [a, b, c], ({ name }, round) => {
    turns.push(`${round}${name}`);
    return Promise.resolve([]);
  });
  assert.deepEqual(turns.join(" "), "0a 0b 0c 1b 1c 1a 2c 2a 2b");
});

Deno.test("samples of all rounds are kept apart by contender", async () => {
  const series = new Series();
  await series.take(2, [a, b], ({ name }, round) => Promise.resolve(name === "a" ? [round, 10] : [7]));
  assert.deepEqual(series.values(a), [0, 10, 1, 10]);
  assert.deepEqual(series.values(b), [7, 7]);
  assert.deepEqual(series.values(c), []);
});

Deno.test("who fails is not tried again, and disturbs nobody", async () => {
  const series = new Series();
  let tries = 0;
  await series.take(3, [a, b], (contender) => {
    if (contender === b) return Promise.resolve([1]);
    tries++;
    return Promise.reject(new Error("no socat"));
  });
  assert.equal(tries, 1);
  assert.equal(series.failure(a), "no socat");
  assert.equal(series.failure(b), undefined);
  assert.deepEqual(series.values(b), [1, 1, 1]);
});

Deno.test("no round begins once they have taken too long, and the one that has begun is finished", async () => {
  let now = 1_000_000;
  const series = new Series(() => now);
  await series.take(10, [a, b], () => {
    now += 20_000;
    return Promise.resolve([1]);
  });
  assert.deepEqual([a, b].map((contender) => series.values(contender).length), [2, 2]);
});
