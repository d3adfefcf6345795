import assert from "node:assert/strict";
import { type LimitedEnd, limitEvent, limitLine, limitsReached } from "../../lib/launch/limits_reached.ts";
import type { Limits } from "../../lib/policy/limits.ts";

const limit = (text: string, value: number) => ({ text, origin: "p.json:3", value });
const LIMITS: Required<Limits> = {
  wallTime: limit("1s", 1000),
  cpuTime: limit("2s", 2),
  memory: limit("1GiB", 2 ** 30),
  openFiles: limit("64", 64),
  processes: limit("9", 9),
  fileSize: limit("1MiB", 2 ** 20),
};

function verdict(end: Partial<LimitedEnd>): string[] {
  const { status, reached } = limitsReached({
    limits: LIMITS,
    status: 0,
    timedOut: false,
    mostCpuTime: 100,
    ...end,
  });
  return [String(status), ...reached.map(limitLine)];
}

Deno.test("each limit that was met is a line with its value, its origin and what came of it", () => {
  assert.deepEqual(verdict({ status: 143, timedOut: true }), [
    "124",
    "limit wall time 1s reached (p.json:3): the command was ended",
  ]);
  assert.deepEqual(verdict({ status: 152 }), [
    "124",
    "limit cpu time 2s reached (p.json:3): the command was ended (SIGXCPU)",
  ]);
  assert.deepEqual(verdict({ status: 137 }), [
    "124",
    "limit cpu time 2s reached (p.json:3): the command went on and was killed",
  ]);
  assert.deepEqual(verdict({ status: 153 }), [
    "153",
    "limit file size 1MiB reached (p.json:3): the command was ended (SIGXFSZ)",
  ]);
  assert.deepEqual(verdict({ status: 1, counted: { oomKills: 0, refusedProcesses: 3 } }), [
    "1",
    "limit processes 9 reached (p.json:3): 3 more were refused",
  ]);
});

Deno.test("memory is blamed for 137 only where the kernel has counted a kill", () => {
  assert.deepEqual(verdict({ status: 137, counted: { oomKills: 2, refusedProcesses: 0 } }), [
    "137",
    "limit memory 1GiB reached (p.json:3): the kernel ended the command and all that it started",
  ]);
  const { cpuTime: _, ...rest } = LIMITS;
  assert.deepEqual(verdict({ limits: rest, status: 137 }), ["137"]);
  assert.deepEqual(verdict({ limits: rest, status: 137, counted: { oomKills: 0, refusedProcesses: 0 } }), [
    "137",
  ]);
});

Deno.test("a limit that is not set is never blamed", () => {
  for (const status of [0, 124, 137, 152, 153]) {
    const counted = { oomKills: 1, refusedProcesses: 1 };
    assert.deepEqual(verdict({ limits: {}, status, counted }), [String(status)]);
  }
});

Deno.test("cpu time that cannot have passed yet is not blamed", () => {
  assert.deepEqual(verdict({ status: 152, mostCpuTime: 1.9 }), ["152"]);
  assert.deepEqual(verdict({ status: 137, mostCpuTime: 6.9 }), ["137"]);
  assert.equal(verdict({ status: 137, mostCpuTime: 7 })[0], "124");
});

Deno.test("a command that tombolo itself has killed is not said to have used up its cpu time", () => {
  assert.deepEqual(verdict({ status: 137, timedOut: true }), [
    "124",
    "limit wall time 1s reached (p.json:3): the command was ended",
  ]);
});

Deno.test("the event of a limit names it, its rule and its value", () => {
  const { reached: [first] } = limitsReached({
    limits: LIMITS,
    status: 153,
    timedOut: false,
    mostCpuTime: 0,
  });
  assert.ok(first !== undefined);
  assert.deepEqual(limitEvent(first, "2026-01-01T00:00:00.000Z"), {
    time: "2026-01-01T00:00:00.000Z",
    kind: "limit",
    decision: "deny",
    target: "fileSize",
    rule: { text: "1MiB", origin: "p.json:3" },
    reason: "the command was ended (SIGXFSZ)",
    detail: { value: 2 ** 20 },
  });
});
