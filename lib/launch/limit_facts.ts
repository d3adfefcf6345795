import { type LimitFacts, wantedControllers } from "../plan/plan_limits.ts";
import type { Limits } from "../policy/limits.ts";
import { CGROUP_PLACES, type CgroupPlaces, findScope, type FoundScope } from "./find_scope.ts";

/** Who asks, on which kernel. */
export interface LimitCaller {
  readonly uid: number | null;
  /** As `uname -r` gives it. */
  readonly kernel: string;
  /** Whether the command gets no user namespace of its own. */
  readonly sharesNamespace?: boolean;
}

const NO_MORE_ROOT = "the kernel does not count the processes of root";

// Before 5.14 the kernel counts a user's processes in all namespaces together, and the user's others would use it up.
function countsByNamespace(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 14);
}

// The root that the kernel exempts is that of the host, whatever it is called in here.
function isRootOutside(uid: number | null, { userMap }: FoundScope): boolean {
  const line = userMap.find(([inner = 0, , count = 0]) =>
    uid !== null && uid >= inner && uid < inner + count
  );
  const [inner = 0, outer = 0] = line ?? [];
  return uid === null || line === undefined || outer + uid - inner === 0;
}

/** Why the kernel does not count the processes of a sandbox alone; `undefined` where it does. */
export function processesUnbound(
  { uid, kernel, sharesNamespace = false }: LimitCaller,
  found: FoundScope,
): string | undefined {
  if (isRootOutside(uid, found)) return NO_MORE_ROOT;
  if (sharesNamespace) {
    return "without a namespace of its own the kernel counts all processes of the user together";
  }
  if (countsByNamespace(kernel)) return undefined;
  return "kernels before 5.14 do not count the processes of a sandbox apart";
}

/**
 * Looks at what the limits need of the host.
 *
 * @throws {TomboloError} where that cannot be seen
 */
export function limitFacts(
  limits: Limits,
  caller: LimitCaller,
  places: CgroupPlaces = CGROUP_PLACES,
): LimitFacts {
  if (limits.memory === undefined && limits.processes === undefined) {
    return { scope: { missing: "no limit needs one" }, processesUnbound: undefined };
  }
  const first = findScope(wantedControllers(limits, false), places);
  const unbound = processesUnbound(caller, first);
  const wanted = wantedControllers(limits, unbound !== undefined);
  if (!wanted.includes("pids")) return { ...first, processesUnbound: unbound };
  return { scope: findScope(wanted, places).scope, processesUnbound: unbound };
}
