import { type Must, mustSucceed } from "./must_succeed.ts";
import { filterProgram, SECCOMP_SET_MODE_FILTER } from "./filter_program.ts";
import { pin } from "./pin.ts";
import { getResource, RESOURCES, setResource } from "./resource.ts";
import type { SystemCall } from "./system_call.ts";

const CLOSE_RANGE_CLOEXEC = 4;
const PR_SET_NO_NEW_PRIVS = 38;
const SIG_SETMASK = 2;
const SIGNAL_SET_SIZE = 8;

/**
 * What is ignored stays so over exec; what is caught does not. HUP, INT, QUIT, USR1, USR2 and TERM are ignored by the
 * starting shell, so that bubblewrap outlives them; PIPE by the runtime; 32 by glibc's posix_spawn in what it starts.
 */
export const SIGNALS_TO_RESTORE: readonly number[] = [1, 2, 3, 10, 12, 13, 15, 32];

/** What the command is locked down with. */
export interface LockDown {
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  /** Soft limit of open files, which the runtime has raised to the hard one. */
  readonly openFiles: number | undefined;
  /** Numbers of signals that the command is to find ignored, as its caller had them. */
  readonly ignoredSignals: readonly number[];
  /** Enters the Landlock domain of the command, once no more privileges can be had. */
  readonly enter: (must: Must) => void;
}

/**
 * Locks down the calling thread for the command that it is about to become.
 *
 * @param call Makes system calls
 * @param options The filter and the limit
 * @throws {Error} If a step fails, naming the system call and errno; the command must not run then
 */
export function lockDown(call: SystemCall, options: LockDown): void {
  const must = mustSucceed(call);
  closeDescriptors(call, must);
  const zeros = pin(new Uint8Array(32));
  must("rt_sigprocmask", "rt_sigprocmask", SIG_SETMASK, zeros, 0, SIGNAL_SET_SIZE);
  for (const signal of SIGNALS_TO_RESTORE) {
    if (options.ignoredSignals.includes(signal)) continue;
    must("rt_sigaction", "rt_sigaction", signal, zeros, 0, SIGNAL_SET_SIZE);
  }
  if (options.openFiles !== undefined) lowerOpenFiles(call, options.openFiles);
  must("prctl(PR_SET_NO_NEW_PRIVS)", "prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  options.enter(must);

  must("seccomp", "seccomp", SECCOMP_SET_MODE_FILTER, 0, filterProgram(options.filter));
}

function closeDescriptors(call: SystemCall, must: Must): void {
  // At exec, not now: the runtime still runs on them. Linux 5.9 and 5.10 have no such flag.
  if (call("close_range", 3, 0xffffffff, CLOSE_RANGE_CLOEXEC) >= 0) return;
  must("close_range", "close_range", 3, 0xffffffff, 0);
}

function lowerOpenFiles(call: SystemCall, soft: number): void {
  const { hard } = getResource(call, RESOURCES.openFiles);
  setResource(call, RESOURCES.openFiles, BigInt(soft) < hard ? BigInt(soft) : hard, hard);
}
