import type { SystemCall } from "./system_call.ts";

const PR_SET_DUMPABLE = 4;

/**
 * Keeps the memory and the descriptors of this process from the command (PR_SET_DUMPABLE, prctl(2)): what /proc/PID shows
 * of it belongs to root then. What it starts is dumpable again once it has been executed.
 *
 * @throws {Error} If the kernel refuses
 */
export function becomeUndumpable(call: SystemCall): void {
  if (call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) throw new Error("Cannot become non-dumpable");
}
