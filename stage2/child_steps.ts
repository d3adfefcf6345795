import type { ChildStep } from "./child_program.ts";
import { ERRNO } from "./errno.ts";
import { filterProgram, SECCOMP_SET_MODE_FILTER } from "./filter_program.ts";
import type { LimitSetting } from "./limits.ts";
import { SIGNALS_TO_RESTORE } from "./lock_down.ts";
import { pin, pinWords } from "./pin.ts";
import { getResource, RESOURCES } from "./resource.ts";
import type { SystemCall } from "./system_call.ts";

const PR_SET_PDEATHSIG = 1;
const PR_SET_NO_NEW_PRIVS = 38;
const SIGKILL = 9;
const SIG_SETMASK = 2;
const SIGNAL_SET_SIZE = 8;

/** What the command's process does before execve, with the name of what fails with each. */
export type NamedStep = ChildStep & { readonly what: string };

/** It does not outlive the process that starts it. */
export const DIE_WITH_PARENT: NamedStep = {
  what: "prctl(PR_SET_PDEATHSIG)",
  name: "prctl",
  parameters: [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0],
};

export const NO_NEW_PRIVILEGES: NamedStep = {
  what: "prctl(PR_SET_NO_NEW_PRIVS)",
  name: "prctl",
  parameters: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0],
};

/** Sets one limit. */
export function setLimit({ resource, soft, hard }: LimitSetting): NamedStep {
  // struct rlimit
  return { what: "setting a limit", name: "prlimit", parameters: [0, resource, pinWords(soft, hard), 0] };
}

/** Sets the soft limit of open files, which the runtime has raised to the hard one. */
export function lowerOpenFiles(call: SystemCall, soft: number | undefined): NamedStep[] {
  if (soft === undefined) return [];
  const { hard } = getResource(call, RESOURCES.openFiles);
  return [setLimit({ resource: RESOURCES.openFiles, soft: BigInt(soft) < hard ? BigInt(soft) : hard, hard })];
}

/** Gives the signals back their defaults. */
export function restoreSignals(ignored: readonly number[] = []): NamedStep[] {
  const zeros = pin(new Uint8Array(32));
  return SIGNALS_TO_RESTORE.filter((signal) => !ignored.includes(signal)).map((signal) => ({
    what: "rt_sigaction",
    name: "rt_sigaction",
    parameters: [signal, zeros, 0, SIGNAL_SET_SIZE],
    // 32 is of the C library, which may use none.
    goesOnAfter: [ERRNO.EINVAL],
  }));
}

/** Blocks no signal, as the process that starts it does meanwhile. */
export function unblockSignals(): NamedStep {
  const none = pinWords(0n);
  return {
    what: "rt_sigprocmask",
    name: "rt_sigprocmask",
    parameters: [SIG_SETMASK, none, 0, SIGNAL_SET_SIZE],
  };
}

/** @throws {RangeError} Where it is no filter */
export function loadFilter(filter: Uint8Array): NamedStep {
  const parameters = [SECCOMP_SET_MODE_FILTER, 0, filterProgram(filter)];
  return { what: "seccomp", name: "seccomp", parameters };
}
