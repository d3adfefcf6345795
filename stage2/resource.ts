import { addressOf } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

/** Numbers of the limits that the kernel holds by process (getrlimit(2)). */
export const RESOURCES = { cpuTime: 0, fileSize: 1, memory: 2, processes: 6, openFiles: 7 } as const;

/** The number of a limit. */
export type Resource = (typeof RESOURCES)[keyof typeof RESOURCES];

/** A soft and a hard limit. */
export interface ResourceLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

// struct rlimit: soft, hard. Small typed arrays move unless their buffer is made apart.
const words = new BigUint64Array(new ArrayBuffer(16));

function prlimit(call: SystemCall, resource: Resource, set: boolean): void {
  const address = addressOf(words);
  const result = call("prlimit", 0, resource, set ? address : 0, set ? 0 : address);
  if (result < 0) throw new Error(`Cannot lock down the command: prlimit: errno ${-result}`);
}

/**
 * Reads a limit of this process.
 *
 * @throws {Error} where the kernel refuses
 */
export function getResource(call: SystemCall, resource: Resource): ResourceLimit {
  prlimit(call, resource, false);
  return { soft: words[0] ?? 0n, hard: words[1] ?? 0n };
}

/**
 * Sets a limit of this process, and so of what it becomes and starts.
 *
 * @throws {Error} where the kernel refuses
 */
export function setResource(call: SystemCall, resource: Resource, soft: bigint, hard: bigint): void {
  words[0] = soft;
  words[1] = hard;
  prlimit(call, resource, true);
}
