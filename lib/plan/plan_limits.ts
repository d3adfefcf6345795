import type { Limits } from "../policy/limits.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** A control group of this run's own. */
export interface ScopePlan {
  /** Directory of the control group in which it is made. */
  readonly parent: string;
  /** Bytes. */
  readonly memory?: number;
  /** Processes and threads of the command. */
  readonly processes?: number;
}

/** What of the host limits depend on; looked at only where a limit needs it. */
export interface LimitFacts {
  /** Control group in which one with every wanted controller can be made, or why there is none. */
  readonly scope: { readonly parent: string } | { readonly missing: string };
  /** Why RLIMIT_NPROC does not count the processes of the sandbox alone; `undefined` where it does. */
  readonly processesUnbound: string | undefined;
}

/** How the kernel is to hold the limits, wall time aside. */
export interface HeldLimits {
  /** Set by stage2, of the command and what it starts. */
  readonly byProcess: Omit<Limits, "wallTime">;
  readonly scope?: ScopePlan;
  /** Why memory is limited by process and not for all of them together, where it is. */
  readonly noScope?: string;
}

/**
 * What runs in a scope beside the command: bubblewrap and its init; through stage2 a runtime as well, with threads by the
 * number of processors. The warden of a confined command is not in it.
 */
export const OWN_PROCESSES = { direct: 2, stage2: 48, landlock: 0, seatbelt: 0 } as const;

/** The controllers that the limits need of a control group. */
export function wantedControllers(limits: Limits, processesUnbound: boolean): string[] {
  return [
    ...(limits.memory === undefined ? [] : ["memory"]),
    ...(limits.processes !== undefined && processesUnbound ? ["pids"] : []),
  ];
}

/**
 * Decides which mechanism holds which limit.
 *
 * @throws {TomboloError} where none on this host can
 */
export function planLimits(limits: Limits, facts: LimitFacts): HeldLimits {
  const { wallTime: _, memory, processes, ...rest } = limits;
  const { scope, processesUnbound } = facts;
  const parent = "parent" in scope ? scope.parent : undefined;
  const counted = processes !== undefined && processesUnbound !== undefined ? processes : undefined;
  if (counted !== undefined && "missing" in scope) {
    throw new TomboloError(
      "policy",
      `Cannot limit processes to ${counted.value} (${counted.origin}): ${processesUnbound}, and ${scope.missing}`,
      { remedy: "run as an ordinary user, or in a cgroup v2 that is delegated with its pids controller" },
    );
  }
  const together = {
    ...(memory === undefined ? {} : { memory: memory.value }),
    ...(counted === undefined ? {} : { processes: counted.value }),
  };
  const usesScope = parent !== undefined && Object.keys(together).length > 0;
  return {
    byProcess: {
      ...rest,
      ...(memory === undefined || usesScope ? {} : { memory }),
      ...(processes === undefined || counted !== undefined ? {} : { processes }),
    },
    ...(usesScope ? { scope: { parent, ...together } } : {}),
    ...(memory !== undefined && "missing" in scope ? { noScope: scope.missing } : {}),
  };
}
