import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { REFUSED_SYSCALLS } from "../plan/refused_syscalls.ts";
import { type Job, type JobOutcome, runOnMachine } from "./machine.ts";

const EPERM = 1;
const ENOSYS = 38;
const HIGH = 2 ** 32;
const CLONE = 220;
const IOCTL = 29;
const SOCKET = 198;
const SOCKETPAIR = 199;
const KILL = 129;
const MEMFD_CREATE = 279;

type Call = readonly [name: string, number: number, ...args: number[]];

/** Arguments with which nothing happens; without the filter, root is answered otherwise than with EPERM. */
const ARGUMENTS: Readonly<Record<string, readonly number[]>> = {
  ptrace: [0xffff],
  io_uring_enter: [0xffff],
  io_uring_register: [0xffff],
  bpf: [999],
  userfaultfd: [1],
  keyctl: [999],
  open_tree: [0xffff],
  open_tree_attr: [0xffff],
  move_mount: [0xffff],
  mount_setattr: [0xffff],
  setns: [0xffff],
};
const REFUSED: readonly Call[] = [
  ...REFUSED_SYSCALLS.map(([name, , number]): Call => [name, number, ...ARGUMENTS[name] ?? []]),
  ["TIOCSTI", IOCTL, 0xffff, 0x5412],
  ["TIOCSTI with high bits", IOCTL, 0xffff, HIGH + 0x5412],
  ["TIOCLINUX", IOCTL, 0xffff, 0x541c],
  ["clone with a new user namespace and an invalid flag", CLONE, 0x10000000 + 0x200 + 0x11],
  ["socket of AF_PACKET", SOCKET, 17, 3, 0],
  ["socket of AF_VSOCK", SOCKET, 40, 1, 0],
  ["netlink of another kind than route", SOCKET, 16, 3, 15],
];
const UNKNOWN: readonly Call[] = [["clone3", 435], ["470", 470], ["547", 547], ["-1", HIGH - 1]];
const PASSED: readonly Call[] = [
  ["getpid", 172],
  ["inet", SOCKET, 2, 1, 0],
  ["inet6", SOCKET, 10, 1, 0],
  ["route", SOCKET, 16, 3, 0],
];
/** What depends on the policy. */
const CHOSEN: readonly Call[] = [
  ["unix", SOCKET, 1, 1, 0],
  ["datagram pair", SOCKETPAIR, 1, 2, 0],
  ["signal 0 to the own group", KILL, 0, 0],
  ["memory without the seal", MEMFD_CREATE],
];
const CALLS = [...REFUSED, ...UNKNOWN, ...PASSED, ...CHOSEN];

const EFAULT = 14;
/** What each filter answers to the chosen calls, in order. A pair without a place for it, and a file without a name, are faults. */
const FILTERS = {
  plain: { options: { allowUnix: false }, answers: [EPERM, EPERM, 0, EFAULT] },
  unix: { options: { allowUnix: true }, answers: [0, EFAULT, 0, EFAULT] },
  group: { options: { allowUnix: false, refuseGroupSignals: true }, answers: [EPERM, EPERM, EPERM, EFAULT] },
  programs: {
    options: { allowUnix: true, refuseGroupSignals: true, refuseExecutableMemory: true },
    answers: [0, EFAULT, EPERM, ENOSYS],
  },
} as const;

const CHECK = "deno run --allow-all --quiet --no-config /jobs/verdicts.js /jobs/calls.json";
const launch = (filter: string, command: string) =>
  `TOMBOLO_STAGE2_SECCOMP=/jobs/${filter}.filter TOMBOLO_STAGE2_UNSET=TOMBOLO_STAGE2_SECCOMP \
deno run --allow-all --quiet --no-config --v8-flags=--expose-gc /opt/tombolo/.cache/stage2.js launch -- ${command}`;

const STATUS = `grep -E "^(NoNewPrivs|Seccomp|CapEff):" /proc/self/status`;
const LOCKED = "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n";
const MODES = { direct: "", stage2: "export TOMBOLO_CLOSED=1; exec 63</dev/null;", gateway: "" };
const flagsOf = (mode: string) => (mode === "gateway" ? "--allow-net=a.test" : "");

const JOBS: readonly Job[] = [
  { name: "architecture", script: "uname -m; deno eval 'console.log(Deno.build.arch)'" },
  { name: "without a filter", script: CHECK },
  ...Object.keys(FILTERS).map((name) => ({ name: `filter ${name}`, script: launch(name, CHECK) })),
  { name: "32 bits without a filter", script: "busybox-armhf echo ran" },
  { name: "32 bits", script: launch("plain", "busybox-armhf echo ran") },
  ...Object.entries(MODES).map(([mode, before]) => ({
    name: `run ${mode}`,
    script: `${before} tombolo run ${flagsOf(mode)} -- sh -c '
      ${STATUS}; uname -m; touch inside /opt/outside 2>/dev/null; ls -d /proc/self/fd/63 2>/dev/null; exit 7'
      status=$?; ls; ls -d /opt/outside 2>/dev/null; exit $status`,
  })),
  ...["none", "gateway"].map((network) => ({
    name: `confined ${network}`,
    script: `tombolo run --backend=landlock ${
      network === "gateway" ? "--weaker-network --allow-net=a.test" : ""
    } -- sh -c 'uname -m; echo text >inside; cat inside; echo text >/opt/outside; cat /proc/1/status
      kill -0 1 && echo signalled; chmod 600 inside && echo changed; mount -t tmpfs none /mnt && echo mounted
      exit 7' 2>/dev/null
      status=$?; ls; ls -d /opt/outside 2>/dev/null; exit $status`,
  })),
  {
    name: "confined signal",
    script: "tombolo run --backend=landlock -- sh -c 'kill -TERM $$' 2>/dev/null",
  },
  {
    name: "confined by no choice",
    script: `echo 0 >/proc/sys/user/max_user_namespaces
      mkdir -p /root/.ssh && echo canary >/root/.ssh/id
      XDG_STATE_HOME=/root/fresh tombolo run -- sh -c 'cat /root/.ssh/id; echo text >inside; echo through' 2>&1
      ls; echo 15000 >/proc/sys/user/max_user_namespaces`,
  },
  {
    name: "programs",
    script: `cp /bin/busybox other
      tombolo run --allow-run=/bin/busybox -- sh -c './other echo ran; echo through' 2>/dev/null`,
  },
  {
    name: "late mounts",
    script: `for n in $(seq 60); do echo canary >$n.key; done
      tombolo run '--deny-read=*.key' -- sh -c 'cat *.key 2>/dev/null; echo through; ${STATUS}'`,
  },
  {
    name: "signals",
    script:
      `export TOMBOLO_CLOSED=1; exec 63</dev/null; tombolo run -- sh -c 'kill -0 1 2>&1; kill -0 $$ && echo own'`,
  },
  {
    name: "limits",
    script:
      `tombolo run --max-open-files=77 --max-memory=1GiB --max-cpu-time=9s -- sh -c 'ulimit -n; ulimit -d; ulimit -t'`,
  },
];

/** It takes one to four minutes, and fetches 120 MB at first. */
const isWanted = Deno.env.get("TOMBOLO_TEST_AARCH64") === "1";

function files(): Record<string, string | Uint8Array> {
  const programs = Object.entries(FILTERS).map(([name, { options }]) =>
    [`${name}.filter`, seccompProgram({ arch: "aarch64", ...options })] as const
  );
  return { ...Object.fromEntries(programs), "calls.json": JSON.stringify(CALLS) };
}

let booted: Promise<ReadonlyMap<string, JobOutcome>> | undefined;

/** All jobs are run in one boot, by the first test that asks. */
async function outcome(name: string): Promise<JobOutcome> {
  booted ??= runOnMachine(JOBS, files());
  const found = (await booted).get(name);
  assert.ok(found, name);
  return found;
}

async function verdicts(name: string): Promise<Record<string, number>> {
  const { code, output } = await outcome(name);
  assert.equal(code, 0, output);
  return JSON.parse(output) as Record<string, number>;
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `aarch64: ${name} (needs TOMBOLO_TEST_AARCH64=1)`, ignore: !isWanted, fn });
}

test("the jobs run on that architecture", async () => {
  assert.equal((await outcome("architecture")).output, "aarch64\naarch64\n");
});

test("without the filter the kernel answers no refused call with EPERM", async () => {
  const actual = await verdicts("without a filter");
  for (const [name] of REFUSED) assert.notEqual(actual[name], EPERM, name);
  for (const [name] of PASSED) assert.equal(actual[name], 0, name);
});

for (const [filter, { answers }] of Object.entries(FILTERS)) {
  test(`the kernel gives each call the verdict of the ${filter} filter, which stage2 sets`, async () => {
    const actual = await verdicts(`filter ${filter}`);
    const expect = (calls: readonly Call[], answer: number): [string, number][] =>
      calls.map(([name]) => [name, answer]);
    assert.deepEqual(
      actual,
      Object.fromEntries([
        ...expect(REFUSED, EPERM),
        ...expect(UNKNOWN, ENOSYS),
        ...expect(PASSED, 0),
        ...CHOSEN.map(([name], index) => [name, answers[index]]),
      ]),
    );
  });
}

test("calls of 32-bit programs end the process", async () => {
  assert.deepEqual(await outcome("32 bits without a filter"), { code: 0, output: "ran\n" });
  assert.deepEqual(await outcome("32 bits"), { code: 128 + 31, output: "Bad system call\n" });
});

for (const mode of Object.keys(MODES)) {
  test(`${mode}: tombolo locks the command down, lets it write its work tree alone, and ends with its status`, async () => {
    const { code, output } = await outcome(`run ${mode}`);
    assert.equal(output, `${LOCKED}aarch64\ninside\n`);
    assert.equal(code, 7);
  });
}

for (const network of ["none", "gateway"]) {
  test(`Landlock alone confines the command, network ${network}, which ends with its status`, async () => {
    const { code, output } = await outcome(`confined ${network}`);
    assert.equal(output, "aarch64\ntext\ninside\n");
    assert.equal(code, 7);
  });
}

test("Landlock alone: a signal that ended the command is told", async () => {
  assert.equal((await outcome("confined signal")).code, 128 + 15);
});

test("where there are no namespaces Landlock stands in", async () => {
  const { output } = await outcome("confined by no choice");
  assert.match(output, /^tombolo: Landlock stands in for bubblewrap: /);
  assert.match(output, /id': Permission denied\nthrough\ninside\n$/);
});

test("Landlock lets only the allowed program be run", async () => {
  assert.deepEqual(await outcome("programs"), { code: 0, output: "through\n" });
});

test("Landlock keeps signals from the sandbox's own init", async () => {
  const { output } = await outcome("signals");
  assert.equal(output, "sh: can't kill pid 1: Operation not permitted\nown\n");
});

test("mounts that are left to stage2 hide files, and the right to make them is gone", async () => {
  assert.deepEqual(await outcome("late mounts"), { code: 0, output: `through\n${LOCKED}` });
});

test("limits are the command's", async () => {
  assert.deepEqual(await outcome("limits"), { code: 0, output: "77\n1048576\n9\n" });
});
