import assert from "node:assert/strict";
import { CGROUP_PLACES, findScope } from "../../lib/launch/find_scope.ts";
import { Box, fixture, isRoot, MODES, processesWith, said, until } from "./tombolo.ts";

const FORK = fixture(import.meta.dirname, "fork_until_refused.py");
const OPEN = fixture(import.meta.dirname, "open_until_refused.py");
const RAISE = fixture(import.meta.dirname, "raise_limits.py");
// The ordinary user that root makes for a test has no cgroup delegated.
const NO_CGROUP = "(needs a user without a delegated cgroup)";
const hasCgroup = !isRoot && "parent" in findScope(["memory"], CGROUP_PLACES).scope;
const python = (script: string) => ["python3", "-c", script];

for (const mode of MODES) {
  Deno.test(`${mode.name}: with --max-processes the command has exactly as many, and the next is refused`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    for (const most of [1, 2, 9]) {
      const { code, stdout, stderr } = await box.runIn(mode, [`--max-processes=${most}`], [
        "python3",
        FORK,
        "50",
      ]);
      assert.deepEqual([code, stdout], [0, `${most - 1} EAGAIN\n`], stderr);
    }
  });

  Deno.test(`${mode.name}: with --max-open-files the next one is refused`, async () => {
    await using box = await Box.create();
    const { code, stdout } = await box.runIn(mode, ["--max-open-files=32"], ["python3", OPEN, "100"]);
    assert.deepEqual([code, stdout], [0, "29 EMFILE\n"]);
  });

  Deno.test(`${mode.name}: with --max-file-size a file ends there, by signal or by error`, async () => {
    await using box = await Box.create();
    const flags = ["--max-file-size=64KiB"];
    const killed = await box.runIn(mode, flags, ["dd", "if=/dev/zero", "of=file", "bs=1M", "count=1"]);
    assert.equal(killed.code, 153);
    assert.equal((await Deno.stat(`${box.work}/file`)).size, 65536);
    assert.deepEqual(said(killed), [
      "tombolo: limit file size 64KiB reached (--max-file-size): the command was ended (SIGXFSZ)",
    ]);
    const refused = await box.runIn(
      mode,
      flags,
      python("open('file', 'wb', 0).write(bytes(1 << 20)); print(1)"),
    );
    const script =
      "import errno\ntry: open('file', 'ab', 0).write(b'x')\nexcept OSError as e: print(e.errno == errno.EFBIG)";
    assert.equal((await box.runIn(mode, flags, python(script))).stdout, "True\n");
    assert.equal(refused.code, 0);
    assert.equal((await Deno.stat(`${box.work}/file`)).size, 65536);
  });

  Deno.test(`${mode.name}: with --max-cpu-time a command that computes is ended, with 124 and one line`, async () => {
    await using box = await Box.create();
    const outcome = await box.runIn(mode, ["--max-cpu-time=1s"], python("while True: pass"));
    assert.equal(outcome.code, 124);
    assert.deepEqual(said(outcome), [
      "tombolo: limit cpu time 1s reached (--max-cpu-time): the command was ended (SIGXCPU)",
    ]);
  });

  Deno.test({
    name: `${mode.name}: with --max-memory a process gets no more data ${NO_CGROUP}`,
    ignore: hasCgroup,
    async fn() {
      await using box = await Box.create({ ordinaryUser: true });
      const script =
        "small = bytearray(8 << 20)\ntry: bytearray(256 << 20); print('got it')\nexcept MemoryError: print('no')";
      const { code, stdout } = await box.runIn(mode, ["--max-memory=64MiB"], python(script));
      assert.deepEqual([code, stdout], [0, "no\n"]);
    },
  });

  Deno.test({
    name: `${mode.name}: with the least memory a shell still starts, and its status is its own ${NO_CGROUP}`,
    ignore: hasCgroup,
    async fn() {
      await using box = await Box.create({ ordinaryUser: true });
      const { code, stdout } = await box.runIn(mode, ["--max-memory=1MiB"], ["sh", "-c", "echo out; exit 7"]);
      assert.deepEqual([code, stdout], [7, "out\n"]);
    },
  });

  Deno.test(`${mode.name}: no limit can be raised inside`, async () => {
    const flags = ["--max-cpu-time=60s", "--max-memory=1GiB", "--max-open-files=64", "--max-file-size=1MiB"];
    for (const ordinaryUser of [false, true]) {
      await using box = await Box.create({ ordinaryUser });
      const processes = ordinaryUser ? ["--max-processes=20"] : [];
      const { stdout } = await box.runIn(mode, [...flags, ...processes], ["python3", RAISE]);
      const lines = stdout.trim().split("\n");
      assert.ok(lines.some((line) => line.startsWith("RLIMIT_CPU 60 65 ")), stdout);
      assert.ok(lines.some((line) => line.startsWith("RLIMIT_NOFILE 64 64 ")), stdout);
      assert.ok(lines.some((line) => line.startsWith("RLIMIT_FSIZE 1048576 1048576 ")), stdout);
      assert.ok(!ordinaryUser || lines.some((line) => line.startsWith("RLIMIT_NPROC ")), stdout);
      for (const line of lines) assert.match(line, / (?:ValueError|PermissionError)$/);
    }
  });

  Deno.test(`${mode.name}: P11 with limits nothing that the command started survives it`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    const mark = box.marker();
    // Where the tests run as an ordinary user, those beside this one have processes of the same user.
    const flags = ["--max-processes=1000", "--max-open-files=64", "--max-memory=512MiB"];
    const script =
      `for n in 1 2 3 4 5 6 7 8 9; do setsid sleep ${mark} & (sleep ${mark} &) ; done; echo started`;
    const { stdout, stderr } = await box.runIn(mode, flags, ["sh", "-c", script]);
    assert.equal(stdout, "started\n", stderr);
    await until(() => processesWith(mark).length === 0, "the end of what was left running");
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("a command's own status is not blamed on a limit that is not set or cannot have been met", async () => {
  await using box = await Box.create();
  const rows: readonly (readonly [number, readonly string[]])[] = [
    [152, []],
    [153, []],
    [137, []],
    [152, ["--max-open-files=64"]],
    [152, ["--max-cpu-time=10m"]],
    [137, ["--max-cpu-time=10m"]],
  ];
  for (const [status, flags] of rows) {
    const { code, stderr } = await box.shell(flags, `exit ${status}`);
    assert.deepEqual([code, stderr], [status, ""], `${status} ${flags}`);
  }
});

Deno.test("the last source of a limit counts, and its line names the place", async () => {
  await using box = await Box.create();
  await box.write("work/policy.json", '{\n  "limits": { "openFiles": 40,\n    "wallTime": "300ms" }\n}');
  const outcome = await box.shell(["--policy=policy.json", "--max-open-files=50"], "ulimit -Hn; sleep 60");
  assert.equal(outcome.stdout, "50\n");
  assert.equal(outcome.code, 124);
  assert.deepEqual(said(outcome), [
    "tombolo: limit wall time 300ms reached (policy.json:3): the command was ended",
  ]);
});

Deno.test("a limit that was met is an event", async () => {
  await using box = await Box.create();
  const events = `${box.root}/events`;
  await box.shell([`--events=${events}`, "--timeout=200ms"], "sleep 60");
  const { time: _, ...event } = JSON.parse((await box.read("events") ?? "").trim());
  assert.deepEqual(event, {
    kind: "limit",
    decision: "deny",
    target: "wallTime",
    rule: { text: "200ms", origin: "--timeout" },
    reason: "the command was ended",
    detail: { value: 200 },
  });
});

Deno.test("the limits of the command are not those of the bridge", async () => {
  await using box = await Box.create();
  const flags = [
    "--allow-net=unused.test",
    "--max-open-files=20",
    "--max-file-size=1KB",
    "--max-cpu-time=7s",
  ];
  const script =
    'for p in /proc/[0-9]*; do read -r name <$p/comm; [ "$name" != deno ] || cat $p/limits; done';
  const { stdout } = await box.shell(flags, script);
  assert.match(stdout, /^Max file size +unlimited/m);
  assert.match(stdout, /^Max cpu time +unlimited/m);
  assert.doesNotMatch(stdout, /^Max open files +20 /m);
});

Deno.test("more open files than the caller may have are refused before anything runs", async () => {
  await using box = await Box.create();
  for (const mode of MODES) {
    const { code, stderr } = await box.runIn(mode, ["--max-open-files=65"], ["touch", "ran"], {
      before: "ulimit -n 64",
    });
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^tombolo: Cannot let 65 files be open \(--max-open-files\): the hard limit .* is 64; .*\n$/,
    );
    assert.equal(await box.exists("work/ran"), false);
  }
});

Deno.test("a lower limit of the caller's own stays, where the asked one is higher", async () => {
  await using box = await Box.create();
  const { stdout } = await box.shell(
    ["--max-file-size=2MiB", "--max-cpu-time=100s"],
    "ulimit -Hf; ulimit -Ht",
    {
      before: "ulimit -f 1000; ulimit -t 50",
    },
  );
  assert.deepEqual(stdout.split("\n").slice(0, 2), ["2000", "50"]);
});

const uncounted = isRoot && "missing" in findScope(["pids"], CGROUP_PLACES).scope;

Deno.test({
  name: "root's processes cannot be limited without a cgroup (needs root, and no cgroup v2)",
  ignore: !uncounted,
  async fn() {
    await using box = await Box.create();
    const { code, stderr } = await box.run(["--max-processes=9"], ["touch", "ran"]);
    assert.equal(code, 125);
    assert.match(
      stderr,
      /^tombolo: Cannot limit processes to 9 \(--max-processes\): .*root.*; .*ordinary user.*\n$/,
    );
    assert.equal(await box.exists("work/ran"), false);
  },
});

Deno.test("explain says how each limit is held", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const flags = ["--max-memory=1GiB", "--max-processes=9", "--max-cpu-time=5s", "--max-file-size=4096"];
  const { code, stdout } = await box.tombolo(["explain", ...flags]);
  assert.equal(code, 0);
  assert.match(stdout, /^ {2}memory +1GiB \(--max-memory\): .*(?:RLIMIT_DATA|cgroup)/m);
  assert.match(stdout, /^ {2}processes +9 \(--max-processes\): and threads at once; EAGAIN$/m);
  assert.match(stdout, /^ {2}cpu time +5s \(--max-cpu-time\): of each process; SIGXCPU/m);
  assert.match(stdout, /^ {2}file size +4096 \(--max-file-size\): /m);
});
