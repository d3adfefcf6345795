import { pinWords } from "../pin.ts";
import { callNumber } from "./call_numbers.ts";
import { anyOf, type Attempt, type Attempts, refused } from "./tools.ts";

const F_GETFD = 1;
const FD_CLOEXEC = 1;
const MOST_DESCRIPTORS = 4096;
const SIGTERM = 15;
const SIGCHLD = 17;
const CAPABILITY_VERSION = 0x20080522n;
const PR_GET_NO_NEW_PRIVS = 39;
const PTRACE_SEIZE = 0x4206;
const PTRACE_DETACH = 17;
const EPERM = 1;
const ENOSYS = 38;

function pids(): string[] {
  try {
    return Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

function contains(path: string, marker: string): boolean {
  try {
    return new TextDecoder().decode(Deno.readFileSync(path)).includes(marker);
  } catch {
    return false;
  }
}

// Without a wall the child belongs to this process, and may be traced by it.
const withChild = (
  act: (pid: number) => ReturnType<Attempt>,
): ReturnType<Attempt> => {
  const child = new Deno.Command("/bin/sh", { args: ["-c", "read -r line"], stdin: "piped" }).spawn();
  try {
    return act(child.pid);
  } finally {
    child.kill("SIGKILL");
  }
};

/** What the command must not learn of other processes, nor do to them. */
export const PROCESS_ATTEMPTS: Attempts = {
  environ: ({ trap }) => {
    const found = Object.entries(Deno.env.toObject()).find(([, value]) => value.includes(trap.marker));
    return { reached: found !== undefined, saw: found?.[0] ?? "no such variable" };
  },
  "environ-by-proc": ({ trap }) => {
    // Where /proc cannot be listed it may still be entered.
    const all = [...new Set([...pids(), "self", "1", String(trap.pid)])];
    const found = all.find((pid) => contains(`/proc/${pid}/environ`, trap.marker));
    return found === undefined
      ? { reached: false, saw: "in none" }
      : { reached: true, saw: `/proc/${found}/environ` };
  },
  // What was inherited was not to be closed on exec; all that the runtime opens itself is.
  descriptor: ({ call }) => {
    for (let descriptor = 3; descriptor < MOST_DESCRIPTORS; descriptor++) {
      const flags = call(callNumber("fcntl"), descriptor, F_GETFD);
      if (flags >= 0 && (flags & FD_CLOEXEC) === 0) return { reached: true, saw: `descriptor ${descriptor}` };
    }
    return { reached: false, saw: "none above 2" };
  },
  // In a process namespace the number may be another process's, or nobody's.
  signal: ({ call, trap }) => {
    const isOther = pids().includes(String(trap.pid)) &&
      !contains(`/proc/${trap.pid}/cmdline`, trap.abstract);
    if (isOther) return { reached: false, saw: "not there" };
    return refused(call(callNumber("kill"), trap.pid, SIGTERM));
  },
  ptrace: ({ call }) =>
    withChild((pid) => {
      const seized = call(callNumber("ptrace"), PTRACE_SEIZE, pid, 0, 0);
      if (seized >= 0) call(callNumber("ptrace"), PTRACE_DETACH, pid, 0, 0);
      return refused(seized, [EPERM, ENOSYS]);
    }),
  "process-memory": ({ call }) =>
    withChild((pid) => {
      const nothing = pinWords(0n, 0n);
      const calls = (["process_vm_readv", "process_vm_writev"] as const).map((name) =>
        refused(call(callNumber(name), pid, nothing, 1, nothing, 1), [EPERM, ENOSYS])
      );
      return anyOf(calls);
    }),
  "process-descriptor": ({ call }) => refused(call(callNumber("pidfd_getfd"), -1, 0, 0), [EPERM, ENOSYS]),
  // Asked of the kernel: there may be no /proc.
  capabilities: ({ call }) => {
    // struct __user_cap_header_struct, then twice the effective, permitted and inheritable ones (capget(2)).
    const sets = new Uint32Array(new ArrayBuffer(24));
    const address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(sets));
    const asked = call(callNumber("capget"), pinWords(CAPABILITY_VERSION), address);
    const held = asked < 0 || sets.some((set) => set !== 0);
    const gains = call(callNumber("prctl"), PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) !== 1;
    const saw = `${held ? "some" : "none"}${gains ? ", and more can be gained" : ""}`;
    return { reached: held || gains, saw };
  },
  clone3: ({ call }) => {
    // struct clone_args of 64 bytes: flags, ..., exit_signal at 32; CLONE_NEWUSER with CLONE_FS is nonsense.
    const parameters = pinWords(0x10000200n, 0n, 0n, 0n, BigInt(SIGCHLD), 0n, 0n, 0n);
    return refused(call(callNumber("clone3"), parameters, 64), [EPERM, ENOSYS]);
  },
  x32: ({ self: [program = "", ...args] }) => {
    if (Deno.build.arch !== "x86_64") return { reached: false, saw: "not on this machine" };
    const { signal, stdout } = new Deno.Command(program, { args: [...args, "x32"], stderr: "null" })
      .outputSync();
    const said = new TextDecoder().decode(stdout).trim();
    return { reached: said === "success", saw: signal ?? said };
  },
};
