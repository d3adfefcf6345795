import { CPU_GRACE_SECONDS, type LaunchOrders } from "../lib/plan/launch_orders.ts";
import { countOtherProcesses } from "./count_processes.ts";
import { getResource, type Resource, RESOURCES, setResource } from "./resource.ts";
import type { SystemCall } from "./system_call.ts";

type OrderedLimits = NonNullable<LaunchOrders["limits"]>;

// Memory last: once it is limited the runtime may get no more.
const ORDER = ["cpuTime", "fileSize", "openFiles", "processes", "memory"] as const;

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

// A caller's own limit that is lower stays: then the command gets even less than was asked for. Of open files a program
// needs as many as were asked for, or it would not have been asked.
function checkOpenFiles({ value, origin }: NonNullable<OrderedLimits["openFiles"]>, hard: bigint): void {
  if (BigInt(value) <= hard) return;
  throw new Error(
    `Cannot let ${value} files be open (${origin}): the hard limit of the caller is ${hard}; ask for no more, or raise it before (ulimit -Hn)`,
  );
}

/** One limit to be set. */
export interface LimitSetting {
  readonly resource: Resource;
  readonly soft: bigint;
  readonly hard: bigint;
}

/**
 * Looks at the limits of this process, and says how to set those that were ordered, in order. The looking needs system
 * calls that the filter refuses.
 *
 * @param becomesCommand Whether this process is replaced by the command
 * @throws {Error} where a limit cannot be held
 */
export function limitSettings(
  call: SystemCall,
  ordered: OrderedLimits = {},
  becomesCommand = false,
): LimitSetting[] {
  return ORDER.flatMap((name) => {
    const limit = ordered[name];
    if (limit === undefined) return [];
    const { hard } = getResource(call, RESOURCES[name]);
    if (name === "openFiles") checkOpenFiles(limit, hard);
    const others = name === "processes" ? countOtherProcesses(call, becomesCommand, hard) : 0;
    const soft = least(BigInt(limit.value + others), hard);
    const grace = name === "cpuTime" ? BigInt(CPU_GRACE_SECONDS) : 0n;
    return [{ resource: RESOURCES[name], soft, hard: least(soft + grace, hard) }];
  });
}

/**
 * Prepares to set the ordered limits of this process. The setting comes last, as the command's limits need not be enough
 * for the runtime.
 *
 * @throws {Error} where a limit cannot be held
 */
export function prepareLimits(call: SystemCall, ordered: OrderedLimits = {}): () => void {
  const settings = limitSettings(call, ordered, true);
  for (const { resource } of settings) {
    // Once as it is: what has run before is compiled, and needs no memory when there may be none.
    const { soft, hard } = getResource(call, resource);
    setResource(call, resource, soft, hard);
  }
  return () => {
    // A heap that had to grow between the limit and execve would end the runtime.
    if (ordered.memory !== undefined) (globalThis as { gc?: () => void }).gc?.();
    for (const { resource, soft, hard } of settings) setResource(call, resource, soft, hard);
  };
}
