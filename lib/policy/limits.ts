import type { Rule } from "./rule.ts";

/** What can be limited, by the key of a policy file. */
export const LIMIT_NAMES = ["wallTime", "cpuTime", "memory", "openFiles", "processes", "fileSize"] as const;

/** The key of a limit. */
export type LimitName = (typeof LIMIT_NAMES)[number];

/** What a limit is called where people read it. */
export const LIMIT_LABELS: Readonly<Record<LimitName, string>> = {
  wallTime: "wall time",
  cpuTime: "cpu time",
  memory: "memory",
  openFiles: "open files",
  processes: "processes",
  fileSize: "file size",
};

/** One limit, parsed: milliseconds of `wallTime`, seconds of `cpuTime`, bytes, or a count. */
export interface Limit extends Rule {
  readonly value: number;
}

/** The limits of a policy; what is absent is not limited. */
export type Limits = Readonly<Partial<Record<LimitName, Limit>>>;
