import type { ConfineOrders } from "../lib/plan/landlock/confine_orders.ts";
import type { ChildStep } from "./child_program.ts";
import { noCapabilities } from "./drop_capabilities.ts";
import { ERRNO } from "./errno.ts";
import { ownProcessRule } from "./landlock_ruleset.ts";
import type { LimitSetting } from "./limits.ts";
import { SIGNALS_TO_RESTORE } from "./lock_down.ts";
import { pin, pinString, pinWords } from "./pin.ts";
import { getResource, RESOURCES } from "./resource.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const PR_SET_PDEATHSIG = 1;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
/** As many as their sets have bits. */
const MOST_CAPABILITIES = 64;
const SIGKILL = 9;
const CLOSE_RANGE_CLOEXEC = 4;
const LAST_DESCRIPTOR = 0xffffffff;
const SIG_SETMASK = 2;
const SIGNAL_SET_SIZE = 8;
const SECCOMP_SET_MODE_FILTER = 1;
const SOCK_FILTER_SIZE = 8;
const O_WRONLY_CLOEXEC = 0x80001;

/** What the command's process does before execve, with the name of what fails with each. */
export type NamedStep = ChildStep & { readonly what: string };

function setLimit({ resource, soft, hard }: LimitSetting): NamedStep {
  // struct rlimit
  return { what: "setting a limit", name: "prlimit", parameters: [0, resource, pinWords(soft, hard), 0] };
}

// Soft limit of open files, which the runtime has raised to the hard one.
function lowerOpenFiles(call: SystemCall, soft: number | undefined): NamedStep[] {
  if (soft === undefined) return [];
  const { hard } = getResource(call, RESOURCES.openFiles);
  return [setLimit({ resource: RESOURCES.openFiles, soft: BigInt(soft) < hard ? BigInt(soft) : hard, hard })];
}

function joinGroup(group: number | undefined): NamedStep[] {
  return group === undefined ? [] : [{ what: "setpgid", name: "setpgid", parameters: [0, group] }];
}

// cgroups(7): 0 is the process that writes. The descriptor is inherited.
function enterScope(call: SystemCall, scope: string | undefined): NamedStep[] {
  if (scope === undefined) return [];
  const opened = call("openat", AT_FDCWD, pinString(`${scope}/cgroup.procs`), O_WRONLY_CLOEXEC, 0);
  if (opened < 0) throw new Error(`Cannot enter cgroup ${scope}: errno ${-opened}`);
  const self = pin(new TextEncoder().encode("0"));
  return [{ what: `entering cgroup ${scope}`, name: "write", parameters: [opened, self, 1] }];
}

// Only root can, and only root would get them back.
function dropBounds(): NamedStep[] {
  return Array.from({ length: MOST_CAPABILITIES }, (_, capability) => ({
    what: "prctl(PR_CAPBSET_DROP)",
    name: "prctl",
    parameters: [PR_CAPBSET_DROP, capability, 0, 0, 0],
    goesOnAfter: [ERRNO.EPERM, ERRNO.EINVAL],
  }));
}

function loadFilter(base64: string): NamedStep {
  const filter = Uint8Array.fromBase64(base64);
  const length = filter.length / SOCK_FILTER_SIZE;
  if (!Number.isInteger(length) || length < 1 || length > 0xffff) {
    throw new RangeError(`Cannot lock down the command: filter of ${filter.length} bytes`);
  }
  // struct sock_fprog: length u16, padding, pointer.
  const program = pinWords(BigInt(length), pin(filter));
  return { what: "seccomp", name: "seccomp", parameters: [SECCOMP_SET_MODE_FILTER, 0, program] };
}

/** What a command is confined with. */
export interface Confining extends ConfineOrders {
  /** The process group that it joins, if any. */
  readonly group: number | undefined;
  /** Descriptor of Landlock's rules. */
  readonly ruleset: number;
}

/**
 * The steps that lock a command's process down, in order; execve follows. As lockDown does it for a process that becomes
 * the command itself.
 *
 * @param limits What it has to be limited to
 */
export function confineSteps(
  call: SystemCall,
  orders: Confining,
  limits: readonly LimitSetting[],
): NamedStep[] {
  const zeros = pin(new Uint8Array(32));
  return [
    { what: "prctl(PR_SET_PDEATHSIG)", name: "prctl", parameters: [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0] },
    ...joinGroup(orders.group),
    { what: `entering ${orders.cwd}`, name: "chdir", parameters: [pinString(orders.cwd)] },
    ...enterScope(call, orders.scope),
    ...ownProcessRule(orders.ruleset),
    // Linux 5.9 and 5.10 have no such flag, and no Landlock that would do.
    { what: "close_range", name: "close_range", parameters: [3, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC] },
    ...SIGNALS_TO_RESTORE.map((signal): NamedStep => ({
      what: "rt_sigaction",
      name: "rt_sigaction",
      parameters: [signal, zeros, 0, SIGNAL_SET_SIZE],
      // 32 is of the C library, which may use none.
      goesOnAfter: [ERRNO.EINVAL],
    })),
    ...lowerOpenFiles(call, orders.openFiles),
    ...dropBounds(),
    { what: "capset", name: "capset", parameters: noCapabilities() },
    { what: "prctl(PR_SET_NO_NEW_PRIVS)", name: "prctl", parameters: [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0] },
    { what: "landlock_restrict_self", name: "landlock_restrict_self", parameters: [orders.ruleset, 0] },
    loadFilter(orders.filter),
    ...limits.map(setLimit),
    { what: "rt_sigprocmask", name: "rt_sigprocmask", parameters: [SIG_SETMASK, zeros, 0, SIGNAL_SET_SIZE] },
  ];
}
