import assert from "node:assert/strict";
import { WebServer } from "../system/servers.ts";
import {
  Box,
  fixture,
  isRoot,
  type Mode,
  MODES,
  type Outcome,
  processesWith,
  said,
  until,
} from "../system/tombolo.ts";

const here = import.meta.dirname;

// What engines do to a container's /proc: something is mounted over a part of it. The kernel then lets nobody inside
// mount a fresh one, which would show what is hidden.
const MASKED = [
  "unshare",
  isRoot ? "-m" : "-rm",
  "sh",
  "-c",
  'mount -t tmpfs none /proc/sys/fs && exec "$@"',
  "sh",
];

function python(box: Box, mode: Mode, script: string, ...args: string[]): Promise<Outcome> {
  return box.runIn(mode, [], ["python3", "-c", script, ...args], { through: MASKED });
}

function assertSaid(outcome: Outcome, context: string): void {
  const lines = said(outcome).filter((line) => line.startsWith("tombolo: no /proc inside: "));
  assert.equal(lines.length, 1, `${context} ${outcome.stderr}`);
}

for (const mode of MODES) {
  Deno.test(`${mode.name}, no /proc: the command runs with its streams and status, and one line says what is missing`, async () => {
    await using box = await Box.create();
    const script = "cat; echo err >&2; echo made >file; exit 7";
    const outcome = await box.runIn(mode, [], ["sh", "-c", script], { through: MASKED, stdin: "in" });
    assert.equal(outcome.code, 7);
    assert.equal(outcome.stdout, "in");
    assertSaid(outcome, mode.name);
    assert.deepEqual(said(outcome).length, 1, outcome.stderr);
    assert.match(outcome.stderr, /^err$/m);
    assert.equal(await box.read("work/file"), "made\n");
    const quiet = await box.runIn(mode, ["--quiet"], ["sh", "-c", "kill -KILL $$"], { through: MASKED });
    assert.equal(quiet.code, 128 + 9);
    assert.deepEqual(said(quiet), []);
  });

  Deno.test(`${mode.name}, no /proc: M8 /proc is empty and stays so, and no descriptor or link leads to the host's`, async () => {
    await using box = await Box.create();
    const script = `
import os
print(os.listdir("/proc"))
for path in ("/proc/1", "/proc/self/root", "/proc/thread-self", "/dev/fd/0", "/dev/stdin", "/proc/mounts"):
    try: os.lstat(path) if path.startswith("/proc") else os.stat(path); print("shown", path)
    except OSError: pass
for make in (lambda: open("/proc/planted", "w"), lambda: os.mkdir("/proc/d"), lambda: os.symlink("/", "/proc/self")):
    try: make(); print("made")
    except OSError as error: print(error.errno)
for fd in range(3, 4096):
    try: os.fstat(fd); print("open", fd)
    except OSError: pass`;
    const { stdout, stderr } = await python(box, mode, script);
    assert.equal(stdout, "[]\n30\n30\n30\n", stderr);
  });

  Deno.test(`${mode.name}, no /proc: M8 M9 what covers the host's /proc cannot be lifted, moved or mounted over`, async () => {
    await using box = await Box.create();
    const script = `
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def name(result): return "ok" if result >= 0 else errno.errorcode[ctypes.get_errno()]
print(" ".join([
    name(libc.umount2(b"/proc", 2)),
    name(libc.mount(b"proc", b"/proc", b"proc", 0, None)),
    name(libc.mount(b"proc", b"/tmp", b"proc", 0, None)),
    name(libc.mount(b"/proc", b"/tmp", None, 8192, None)),
    name(libc.mount(None, b"/proc", None, 32 | 4096, None)),
    name(libc.syscall(428, -100, b"/proc", 1)),
    name(libc.syscall(430, b"proc", 0)),
    name(libc.unshare(0x10000000)),
    name(libc.unshare(0x20000)),
]))
print(os.listdir("/proc"))`;
    const { stdout, stderr } = await python(box, mode, script);
    assert.equal(stdout, `${Array.from({ length: 9 }, () => "EPERM").join(" ")}\n[]\n`, stderr);
  });

  Deno.test(`${mode.name}, no /proc: P9 host processes cannot be signalled, the caller's group neither`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const victim = new Deno.Command("sleep", { args: [mark] }).spawn();
    try {
      // Without /proc a thread of the sandbox's own cannot be told from a process: what answers must be few.
      const script = `
import os, signal, sys
found = 0
for target in range(1, 70000):
    try: os.kill(target, 0); found += 1
    except OSError: pass
try: os.kill(0, signal.SIGCONT); print("allowed")
except OSError: pass
try: os.kill(int(sys.argv[1]), signal.SIGKILL)
except OSError: pass
print("few" if found < 40 else found)`;
      const { stdout, stderr } = await python(box, mode, script, `${victim.pid}`);
      assert.equal(stdout, "few\n", stderr);
      assert.ok(processesWith(mark).includes(victim.pid));
    } finally {
      victim.kill("SIGKILL");
      await victim.status;
    }
  });

  Deno.test(`${mode.name}, no /proc: P5 P6 refused system calls fail as always, P7 no capability is left`, async () => {
    await using box = await Box.create();
    await using other = await Box.create();
    const calls = ["python3", fixture(here, "system_calls.py")];
    const usual = await other.runIn(mode, [], calls);
    const without = await box.runIn(mode, [], calls, { through: MASKED });
    assert.notEqual(usual.stdout, "");
    assert.equal(without.stdout, usual.stdout, without.stderr);
    const script = `
import ctypes
libc = ctypes.CDLL(None)
header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
libc.capget(header, data)
print(list(data), [libc.prctl(23, number, 0, 0, 0) for number in range(41)].count(1), libc.prctl(39, 0, 0, 0, 0))`;
    assert.equal((await python(box, mode, script)).stdout, "[0, 0, 0, 0, 0, 0] 0 1\n");
  });

  Deno.test(`${mode.name}, no /proc: P10 TERM and KILL to the tool end all, with the status as documented`, async () => {
    await using box = await Box.create();
    for (const [signal, status] of [["SIGTERM", 128 + 15], ["SIGKILL", undefined]] as const) {
      const mark = box.marker();
      const running = box.start(mode.flags, ["sh", "-c", `sleep ${mark} & echo up; wait`], {
        through: MASKED,
        fds: mode.fds,
      });
      assert.equal(await running.line(), "up");
      running.kill(signal);
      const ended = await running.status();
      if (status !== undefined) assert.equal(ended.code, status);
      await until(() => processesWith(mark).length === 0, "the end of what it started");
    }
    await box.run([], ["true"]);
    assert.deepEqual(await box.runDirectories(), []);
  });

  Deno.test(`${mode.name}, no /proc: P11 what the command leaves running ends with it`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const script = `for i in 1 2 3 4 5; do (setsid sleep ${mark} &); done; echo started`;
    const { code, stdout } = await box.runIn(mode, [], ["sh", "-c", script], { through: MASKED });
    assert.deepEqual([code, stdout], [0, "started\n"]);
    await until(() => processesWith(mark).length === 0, "the end of what was left running");
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}, no /proc: an ordinary user's command runs too, and M8 sees nothing of the host's`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    const through = ["unshare", "-rm", ...MASKED.slice(2)];
    const script = "echo /proc/* && ! touch /proc/x 2>/dev/null && echo made >file";
    const outcome = await box.runIn(mode, [], ["sh", "-c", script], { through });
    assert.deepEqual([outcome.code, outcome.stdout], [0, "/proc/*\n"], outcome.stderr);
    assertSaid(outcome, mode.name);
    assert.equal(await box.read("work/file"), "made\n");
  });
}

Deno.test("no /proc: an allowed host is reached through the gateway, and no other", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = [
    "--resolve=web.test:127.0.0.1",
    `--allow-net=web.test:${server.port},127.0.0.1:${server.port}`,
  ];
  const url = `http://web.test:${server.port}/`;
  const reached = await box.run(flags, ["curl", "-sS", url], { through: MASKED });
  assert.match(reached.stdout, /^hello/, reached.stderr);
  const other = await box.run(flags, ["curl", "-sSf", "http://other.test/"], { through: MASKED });
  assert.notEqual(other.code, 0);
  assert.deepEqual(server.requests.length, 1);
});

for (const flags of [[], ["--allow-net=unused.test"]]) {
  Deno.test(`no /proc: a sandbox that shows nothing of the host starts too ${flags}`, async () => {
    await using box = await Box.create();
    const shown = ["--preset=none", "--allow-read=/usr", ...flags];
    const outcome = await box.run(shown, ["/bin/sh", "-c", "echo /proc/*; cat /etc/passwd; exit 3"], {
      through: MASKED,
    });
    assert.equal(outcome.code, 3, outcome.stderr);
    assert.equal(outcome.stdout, "/proc/*\n");
    assertSaid(outcome, "none");
  });
}

for (const mode of MODES) {
  Deno.test(`${mode.name}, no /proc: M8 M14 many denied files, which stage2 guards, stay denied`, async () => {
    await using box = await Box.create();
    for (let count = 0; count < 100; count++) await box.write(`work/f${count}.key`, "canary");
    const script =
      "cat *.key 2>/dev/null; echo /proc/*; umount f1.key /proc 2>/dev/null; cat f1.key; echo made >file";
    const outcome = await box.runIn(mode, ["--deny-read=*.key"], ["sh", "-c", script], { through: MASKED });
    assert.deepEqual([outcome.code, outcome.stdout], [0, "/proc/*\n"], outcome.stderr);
    assertSaid(outcome, mode.name);
  });
}

Deno.test("no /proc: explain says so and shows what covers it", async () => {
  await using box = await Box.create();
  const { stdout } = await box.tombolo(["explain", "--", "true"], { through: MASKED });
  assert.match(stdout, /^note: no \/proc inside: /m);
  assert.match(stdout, /^ {2}tmpfs +\/proc$/m);
  assert.doesNotMatch(stdout, /^ {2}proc /m);
});

Deno.test("a /proc that can no longer be mounted is an error once, and the next run does without", async () => {
  await using box = await Box.create();
  const unmasked = { through: isRoot ? [] : ["unshare", "-r"] };
  for (const mode of MODES) {
    assert.equal((await box.run([], ["test", "-e", "/proc/self/comm"], unmasked)).code, 0);
    const first = await box.runIn(mode, [], ["touch", "ran"], { through: MASKED });
    assert.equal(first.code, 125, first.stderr);
    assert.equal(await box.exists("work/ran"), false);
    assert.equal(await box.exists("home/.local/state/tombolo/probe"), false);
    const second = await box.runIn(mode, [], ["true"], { through: MASKED });
    assert.equal(second.code, 0, second.stderr);
    assertSaid(second, mode.name);
    await Deno.remove(`${box.home}/.local/state/tombolo/probe`);
  }
});
