import assert from "node:assert/strict";
import type { Contender } from "../../../bench/peers/contender.ts";
import { findRemains } from "../../../bench/peers/find_remains.ts";
import { measureMany } from "../../../bench/peers/measure_many.ts";
import { measureMemory } from "../../../bench/peers/measure_memory.ts";
import { measureTransfer } from "../../../bench/peers/measure_transfer.ts";
import { Stage } from "../../../bench/peers/stage.ts";

/** A tool that is no sandbox. */
const none: Contender = { name: "none", argv: (_, command) => command };

/** One that makes a file, which it removes at the end, and whose command outlives it. */
const untidy: Contender = {
  name: "untidy",
  argv: (_, command) => ["sh", "-c", `touch .made; "$@"; rm .made`, "sh", ...command],
};

Deno.test("a transfer has a time for each answer, and counts only whole ones", async () => {
  await using stage = await Stage.open();
  const bytes = { bytes: 300_000, times: 3 };
  const series = await measureTransfer([none], "plain", bytes, stage, 2);
  assert.equal(series.failure(none), undefined);
  assert.equal(series.values(none).length, 6);
  assert.ok(series.values(none).every((seconds) => seconds > 0 && seconds < 60));
  const short: Contender = {
    name: "short",
    argv: (_, command) => [...command, "--range", "0-9", "--max-filesize", "1"],
  };
  assert.notEqual((await measureTransfer([short], "plain", bytes, stage, 1)).failure(short), undefined);
});

Deno.test("of many at once those that succeed are counted", async () => {
  await using stage = await Stage.open();
  const first: Contender = { name: "first", argv: () => ["mkdir", "taken"] };
  const shared = await measureMany([first], "no network", "one directory", stage, 1);
  assert.deepEqual(shared.succeeded.values(first), [1]);
  const apart = await measureMany([first], "no network", "a directory each", stage, 1);
  assert.deepEqual(apart.succeeded.values(first), [16]);
});

Deno.test("the memory of a tree is that of all its processes", async () => {
  await using stage = await Stage.open();
  // What one shell has differs by 200 KB from run to run: the parent holds far more.
  const held = 4_000_000;
  const holding: Contender = {
    name: "holding",
    argv: (_, command) => [
      "sh",
      "-c",
      `held=$(head -c ${held} /dev/zero | tr '\\0' x); "$@"; exit`,
      "sh",
      ...command,
    ],
  };
  const series = await measureMemory([none, holding], "no network", stage, 1);
  const [small = 0, large = 0] = [none, holding].map((contender) => series.values(contender)[0]);
  assert.ok(small > 100_000, `${small}`);
  assert.ok(large > small + held / 2, `${small} ${large}`);
});

Deno.test("what is left in the directory, and who outlives SIGKILL, is found, and survivors are ended", async () => {
  await using stage = await Stage.open();
  assert.deepEqual(await findRemains(untidy, stage), {
    whileRunning: [".made"],
    afterEnd: [],
    afterKill: [".made"],
    survivors: ["sh", "sleep"],
  });
});

Deno.test("a tool that ends before its command runs has nothing to look at", async () => {
  await using stage = await Stage.open();
  const ends: Contender = { name: "ends", argv: () => ["sh", "-c", "exit 3"] };
  await assert.rejects(findRemains(ends, stage), /status 3/);
});
