import assert from "node:assert/strict";
import { CGROUP_PLACES, findScope } from "../../lib/launch/find_scope.ts";
import {
  Box,
  fixture,
  isRoot,
  type Mode,
  MODES,
  processesWith,
  type Running,
  said,
  until,
} from "./tombolo.ts";

const FORK = fixture(import.meta.dirname, "fork_until_refused.py");
const { scope } = findScope(["memory", "pids"], CGROUP_PLACES);
const parent = "parent" in scope ? scope.parent : undefined;
const NEEDS = "(needs a delegated cgroup v2 with memory and pids)";

/** What the run of a tombolo has left. */
function scopes({ pid }: Running): string[] {
  return Array.from(Deno.readDirSync(parent ?? "/sys/fs/cgroup"), ({ name }) => name).filter((name) =>
    name.startsWith(`tombolo-${pid}-`)
  );
}

function start(box: Box, mode: Mode, flags: readonly string[], command: readonly string[]): Running {
  return box.start([...mode.flags, ...flags], command, { fds: mode.fds });
}

for (const mode of MODES) {
  Deno.test({
    name: `${mode.name}: memory that all processes take together is limited, with 137 and one line ${NEEDS}`,
    ignore: parent === undefined,
    async fn() {
      await using box = await Box.create();
      const script = `
import os, sys
hold, release = os.pipe()
for _ in range(10):
    if os.fork() == 0:
        os.close(release)
        data = bytearray(60 << 20)
        os.read(hold, 1)
        os._exit(0)
os.wait()
`;
      const run = start(box, mode, ["--max-memory=400MiB"], ["python3", "-c", script]);
      const outcome = await run.outcome();
      assert.equal(outcome.code, 137);
      assert.deepEqual(said(outcome), [
        "tombolo: limit memory 400MiB reached (--max-memory): the kernel ended the command and all that it started",
      ]);
      assert.deepEqual(scopes(run), []);
    },
  });

  Deno.test({
    name:
      `${mode.name}: within its memory a command runs to its own end, and its scope goes with it ${NEEDS}`,
    ignore: parent === undefined,
    async fn() {
      await using box = await Box.create();
      const script = "x = bytearray(20 << 20); import os; os._exit(5)";
      const run = start(box, mode, ["--max-memory=400MiB"], ["python3", "-c", script]);
      const { code, stderr } = await run.outcome();
      assert.deepEqual([code, stderr], [5, ""]);
      assert.deepEqual(scopes(run), []);
    },
  });

  Deno.test({
    name: `${mode.name}: root's processes are limited by the scope, and what was refused is said ${NEEDS}`,
    ignore: parent === undefined || !isRoot,
    async fn() {
      await using box = await Box.create();
      const outcome = await box.runIn(mode, ["--max-processes=9"], ["python3", FORK, "200"]);
      const [made, why] = outcome.stdout.trim().split(" ");
      assert.equal(why, "EAGAIN");
      assert.ok(mode.name === "direct" ? made === "8" : Number(made) >= 8 && Number(made) <= 57, made);
      assert.deepEqual(said(outcome), [
        "tombolo: limit processes 9 reached (--max-processes): 1 more were refused",
      ]);
    },
  });
}

Deno.test({
  name: `no broad rule lets the command lift the limits of its scope ${NEEDS}`,
  ignore: parent === undefined,
  async fn() {
    await using box = await Box.create();
    const script =
      `for f in ${parent}/tombolo-*/memory.max; do echo max >"$f" && echo lifted; echo "$f"; done`;
    const { stdout } = await box.shell(["--allow-write", "--max-memory=400MiB"], script);
    assert.match(stdout, /^\/.*\/memory\.max\n$/);
  },
});

Deno.test({
  name: `a SIGKILL of tombolo leaves no process, and its empty scope goes with the next run ${NEEDS}`,
  ignore: parent === undefined,
  async fn() {
    await using box = await Box.create();
    const mark = box.marker();
    const run = box.start(["--max-memory=400MiB"], ["sh", "-c", `echo up; sleep ${mark}`]);
    await run.line();
    run.kill("SIGKILL");
    await run.status();
    await until(() => processesWith(mark).length === 0, "the end of the command");
    await until(
      () => !Deno.readTextFileSync(`${parent}/${scopes(run)[0]}/cgroup.events`).includes("populated 1"),
      "an empty scope",
    );
    assert.equal((await box.shell(["--max-memory=400MiB"], "exit 0")).code, 0);
    assert.deepEqual(scopes(run), []);
  },
});
