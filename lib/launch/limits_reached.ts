import { CPU_GRACE_SECONDS } from "../plan/launch_orders.ts";
import { type Limit, LIMIT_LABELS, type LimitName, type Limits } from "../policy/limits.ts";
import type { DecisionEvent } from "../report/event.ts";
import type { ScopeEvents } from "./scope.ts";

/** Status of a command that ran out of time, as timeout(1) gives it. */
const TIMED_OUT = 124;
// 128 + the signal (signal(7)).
const KILLED = 137;
const OUT_OF_CPU_TIME = 152;
const FILE_TOO_LARGE = 153;

/** A limit that the command has met. */
export interface LimitReached {
  readonly name: LimitName;
  readonly limit: Limit;
  /** What came of it, as a phrase. */
  readonly what: string;
}

/** How a run ended. */
export interface LimitedEnd {
  readonly limits: Limits;
  /** What the command's end would be without limits. */
  readonly status: number;
  readonly timedOut: boolean;
  /** The most that one process can have computed: the time of the run on every processor, in seconds. */
  readonly mostCpuTime: number;
  /** What the scope has counted, where there was one. */
  readonly counted?: ScopeEvents;
}

/** What is known of the limits at the end of a run. */
export interface LimitsVerdict {
  readonly status: number;
  readonly reached: readonly LimitReached[];
}

// A command may exit with any status, and signals have other senders. One that can not yet have used up its time has
// not met the limit.
function cpuTimePhrase({ status, mostCpuTime, timedOut }: LimitedEnd, limit: Limit): string | undefined {
  if (mostCpuTime < limit.value) return undefined;
  if (status === OUT_OF_CPU_TIME) return "the command was ended (SIGXCPU)";
  if (status === KILLED && !timedOut && mostCpuTime >= limit.value + CPU_GRACE_SECONDS) {
    return "the command went on and was killed";
  }
  return undefined;
}

/**
 * Tells from the end of a run which limits were met; what cannot be known is not said.
 *
 * @returns The status, and each limit with what came of it
 */
export function limitsReached(end: LimitedEnd): LimitsVerdict {
  const { limits: { wallTime, cpuTime, memory, processes, fileSize }, counted } = end;
  const reached: LimitReached[] = [];
  const add = (name: LimitName, limit: Limit, what: string) => reached.push({ name, limit, what });
  let { status } = end;
  if (memory !== undefined && (counted?.oomKills ?? 0) > 0) {
    add("memory", memory, "the kernel ended the command and all that it started");
  }
  if (processes !== undefined && (counted?.refusedProcesses ?? 0) > 0) {
    add("processes", processes, `${counted?.refusedProcesses} more were refused`);
  }
  if (fileSize !== undefined && status === FILE_TOO_LARGE) {
    add("fileSize", fileSize, "the command was ended (SIGXFSZ)");
  }
  const spent = cpuTime === undefined || reached.some(({ name }) => name === "memory")
    ? undefined
    : cpuTimePhrase(end, cpuTime);
  if (cpuTime !== undefined && spent !== undefined) {
    add("cpuTime", cpuTime, spent);
    status = TIMED_OUT;
  }
  if (wallTime !== undefined && end.timedOut) {
    add("wallTime", wallTime, "the command was ended");
    status = TIMED_OUT;
  }
  return { status, reached };
}

/** The line that says so. */
export function limitLine({ name, limit, what }: LimitReached): string {
  return `limit ${LIMIT_LABELS[name]} ${limit.text} reached (${limit.origin}): ${what}`;
}

/** The event that records it. */
export function limitEvent({ name, limit, what }: LimitReached, time: string): DecisionEvent {
  const { text, origin, value } = limit;
  return {
    time,
    kind: "limit",
    decision: "deny",
    target: name,
    rule: { text, origin },
    reason: what,
    detail: { value },
  };
}
