import {
  DIE_WITH_PARENT,
  loadFilter,
  lowerOpenFiles,
  type NamedStep,
  NO_NEW_PRIVILEGES,
  restoreSignals,
  setLimit,
  unblockSignals,
} from "./child_steps.ts";
import type { LimitSetting } from "./limits.ts";
import type { SystemCall } from "./system_call.ts";

const LAST_DESCRIPTOR = 0xffffffff;

/** What the command's process is locked down with. */
export interface Launching {
  /** Descriptor of the rules of its Landlock domain, if it has one. */
  readonly ruleset: number | undefined;
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  /** Soft limit of open files, which the runtime has raised to the hard one. */
  readonly openFiles: number | undefined;
  readonly limits: readonly LimitSetting[];
}

function enterDomain(ruleset: number | undefined): NamedStep[] {
  if (ruleset === undefined) return [];
  return [{ what: "landlock_restrict_self", name: "landlock_restrict_self", parameters: [ruleset, 0] }];
}

/** The steps that lock down a command in bubblewrap's namespaces, in order; execve follows. */
export function launchSteps(
  call: SystemCall,
  { ruleset, filter, openFiles, limits }: Launching,
): NamedStep[] {
  return [
    DIE_WITH_PARENT,
    ...restoreSignals(),
    ...lowerOpenFiles(call, openFiles),
    NO_NEW_PRIVILEGES,
    ...enterDomain(ruleset),
    { what: "close_range", name: "close_range", parameters: [3, LAST_DESCRIPTOR, 0] },
    loadFilter(filter),
    ...limits.map(setLimit),
    unblockSignals(),
  ];
}
