import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";

const EPERM = 1;
const ENOSYS = 38;
const SCRIPT = new URL("fixtures/syscalls.py", import.meta.url).pathname;
const HIGH = 2 ** 32;
const X32_GETPID = 0x40000027;
const SOCKET = 41;

type Call = readonly [name: string, number: number, ...args: number[]];
type Outcome = number | string;

/** Zeros for arguments: without the filter most of these would fail with EFAULT, EINVAL or EBADF instead. */
const REFUSED: readonly Call[] = [
  ["ptrace", 101, 0xffff],
  ["process_vm_readv", 310],
  ["process_vm_writev", 311],
  ["kcmp", 312],
  ["pidfd_getfd", 438],
  ["io_uring_setup", 425],
  ["io_uring_enter", 426, 0xffff],
  ["io_uring_register", 427, 0xffff],
  ["bpf", 321, 999],
  ["perf_event_open", 298],
  ["userfaultfd", 323, 1],
  ["keyctl", 250, 999],
  ["add_key", 248],
  ["request_key", 249],
  ["mount", 165],
  ["umount2", 166],
  ["open_tree", 428, 0xffff],
  ["open_tree_attr", 467, 0xffff],
  ["move_mount", 429, 0xffff],
  ["fsopen", 430],
  ["fsconfig", 431],
  ["fsmount", 432],
  ["fspick", 433],
  ["mount_setattr", 442, 0xffff],
  ["pivot_root", 155],
  ["chroot", 161],
  ["open_by_handle_at", 304],
  ["unshare", 272],
  ["setns", 308, 0xffff],
  ["kexec_load", 246],
  ["kexec_file_load", 320],
  ["init_module", 175],
  ["finit_module", 313],
  ["delete_module", 176],
  ["swapon", 167],
  ["swapoff", 168],
  ["reboot", 169],
  ["quotactl", 179],
  ["quotactl_fd", 443],
  ["acct", 163],
  ["clone with a new user namespace", 56, 0x10000011],
  ["clone with a new mount namespace", 56, 0x20011],
  ["TIOCSTI", 16, 0xffff, 0x5412],
  ["TIOCSTI with high bits", 16, 0xffff, HIGH + 0x5412],
  ["TIOCLINUX", 16, 0xffff, 0x541c],
];
const UNKNOWN: readonly Call[] = [["clone3", 435], ["470", 470], ["547", 547], ["-1", 2 ** 32 - 1]];
const PASSED: readonly Call[] = [["getpid", 39], ["another ioctl", 16, 0xffff, 0x5413]];

async function python(): Promise<boolean> {
  try {
    return (await new Deno.Command("python3", { args: ["-c", "import ctypes"], stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

/** Makes the calls in a sandbox with the filter, as a process without any privilege. */
async function underFilter(calls: readonly Call[], allowUnix: boolean): Promise<Record<string, Outcome>> {
  const filter = await Deno.makeTempFile({ prefix: "tombolo-filter." });
  try {
    await Deno.writeFile(filter, seccompProgram({ arch: "x86_64", allowUnix }));
    const bwrap = ["bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/", "/", "--dev", "/dev"];
    const inside = [
      "--proc",
      "/proc",
      "--cap-drop",
      "ALL",
      "--seccomp",
      "9",
      "python3",
      SCRIPT,
      JSON.stringify(calls),
    ];
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: ["-c", 'filter=$1; shift; exec "$@" 9<"$filter"', "sh", filter, ...bwrap, ...inside],
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)) as Record<string, Outcome>;
  } finally {
    await Deno.remove(filter);
  }
}

const families: readonly Call[] = Array.from(
  { length: 46 },
  (_, family) => [`family ${family}`, SOCKET, family, 3, 1],
);

Deno.test({
  name: "x86_64: the kernel gives each call the verdict of the table (needs x86_64, bwrap and python3)",
  ignore: Deno.build.arch !== "x86_64" || !await python(),
  async fn(t) {
    const x32: Call = ["x32", X32_GETPID];
    const actual = await underFilter([...REFUSED, ...UNKNOWN, ...PASSED, x32, ...families], false);
    for (const [name] of REFUSED) await t.step(`${name}: EPERM`, () => assert.equal(actual[name], EPERM));
    for (const [name] of UNKNOWN) await t.step(`${name}: ENOSYS`, () => assert.equal(actual[name], ENOSYS));
    await t.step("what is not listed passes", () => {
      assert.equal(actual["getpid"], 0);
      assert.equal(actual["another ioctl"], 9);
    });
    await t.step("x32 and int 0x80 end the process", () => {
      assert.equal(actual["x32"], "killed by 31");
      // 11 where the kernel is built without the gate.
      assert.match(String(actual["int80"]), /^killed by (31|11)$/);
    });
    await t.step("socketpair works", () => assert.equal(actual["socketpair"], "x"));
    for (const [name] of families) {
      // 2 and 10: raw sockets of a protocol; refused by the kernel itself, also with EPERM.
      await t.step(`socket of ${name}, raw, protocol 1: EPERM`, () => assert.equal(actual[name], EPERM));
    }
  },
});

Deno.test({
  name: "x86_64: ordinary sockets can be made, AF_UNIX only where allowed (needs x86_64, bwrap and python3)",
  ignore: Deno.build.arch !== "x86_64" || !await python(),
  async fn() {
    const ordinary: readonly Call[] = [
      ["inet", SOCKET, 2, 1, 0],
      ["inet6", SOCKET, 10, 1, 0],
      ["inet datagram", SOCKET, 2, 2, 0],
      ["route", SOCKET, 16, 3, 0],
      ["unix", SOCKET, 1, 1, 0],
    ];
    const open = { inet: 0, inet6: 0, "inet datagram": 0, route: 0 };
    for (const allowUnix of [false, true]) {
      const { int80: _, socketpair: __, ...actual } = await underFilter(ordinary, allowUnix);
      assert.deepEqual(actual, { ...open, unix: allowUnix ? 0 : EPERM });
    }
  },
});
