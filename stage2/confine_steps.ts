import type { ConfineOrders } from "../lib/plan/landlock/confine_orders.ts";
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
import { noCapabilities } from "./drop_capabilities.ts";
import { ERRNO } from "./errno.ts";
import { ownProcessRule } from "./landlock_ruleset.ts";
import type { LimitSetting } from "./limits.ts";
import { pin, pinString } from "./pin.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const PR_CAPBSET_DROP = 24;
/** As many as their sets have bits. */
const MOST_CAPABILITIES = 64;
const CLOSE_RANGE_CLOEXEC = 4;
const LAST_DESCRIPTOR = 0xffffffff;
const O_WRONLY_CLOEXEC = 0x80001;

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
  return [
    DIE_WITH_PARENT,
    ...joinGroup(orders.group),
    { what: `entering ${orders.cwd}`, name: "chdir", parameters: [pinString(orders.cwd)] },
    ...enterScope(call, orders.scope),
    ...ownProcessRule(orders.ruleset),
    // Linux 5.9 and 5.10 have no such flag, and no Landlock that would do.
    { what: "close_range", name: "close_range", parameters: [3, LAST_DESCRIPTOR, CLOSE_RANGE_CLOEXEC] },
    ...restoreSignals(),
    ...lowerOpenFiles(call, orders.openFiles),
    ...dropBounds(),
    { what: "capset", name: "capset", parameters: noCapabilities() },
    NO_NEW_PRIVILEGES,
    { what: "landlock_restrict_self", name: "landlock_restrict_self", parameters: [orders.ruleset, 0] },
    loadFilter(Uint8Array.fromBase64(orders.filter)),
    ...limits.map(setLimit),
    unblockSignals(),
  ];
}
