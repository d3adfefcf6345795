import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { parseDuration } from "./duration.ts";
import { type Limit, LIMIT_LABELS, LIMIT_NAMES, type LimitName, type Limits } from "./limits.ts";
import type { Entry, PolicySource } from "./policy_source.ts";
import { parseSize } from "./size.ts";

interface Bounds {
  readonly least: number;
  readonly leastText: string;
  readonly most: number;
}

// With less than this not even a small program starts: the loader needs a descriptor beside the first three, and the
// data of the C library.
const BOUNDS: Readonly<Partial<Record<LimitName, Bounds>>> = {
  memory: { least: 1024 ** 2, leastText: "1MiB", most: Number.MAX_SAFE_INTEGER },
  openFiles: { least: 4, leastText: "4", most: 2 ** 31 - 1 },
  // PID_MAX_LIMIT, the most that any kernel has.
  processes: { least: 1, leastText: "1", most: 2 ** 22 },
};

function parseCount(text: string, origin: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TomboloError(
    "policy",
    `Cannot parse number ${quote(text)} (${origin}): wanted a whole number, as 256`,
  );
}

// The kernel counts whole seconds (setrlimit(2)).
function parseSeconds(text: string, origin: string): number {
  const seconds = parseDuration(text, origin) / 1000;
  if (Number.isInteger(seconds)) return seconds;
  throw new TomboloError(
    "policy",
    `Cannot use cpu time ${quote(text)} (${origin}): the kernel counts it in whole seconds`,
  );
}

const PARSERS: Readonly<Record<LimitName, (text: string, origin: string) => number>> = {
  wallTime: parseDuration,
  cpuTime: parseSeconds,
  memory: parseSize,
  openFiles: parseCount,
  processes: parseCount,
  fileSize: parseSize,
};

function parseLimit(name: LimitName, { text, origin }: Entry): Limit {
  const value = PARSERS[name](text, origin);
  const bounds = BOUNDS[name];
  const wrong = bounds === undefined
    ? undefined
    : value < bounds.least
    ? `nothing starts with less than ${bounds.leastText}`
    : value > bounds.most
    ? `the most is ${bounds.most}`
    : undefined;
  if (wrong === undefined) return { text, origin, value };
  throw new TomboloError(
    "policy",
    `Cannot limit ${LIMIT_LABELS[name]} to ${quote(text)} (${origin}): ${wrong}`,
  );
}

/**
 * The limits of the sources; of several that set the same one, the last holds.
 *
 * @throws {TomboloError} naming the limit and its origin, for what cannot be understood or leaves nothing to run with
 */
export function parseLimits(sources: readonly PolicySource[]): Limits {
  const found = LIMIT_NAMES.flatMap((name) => {
    const entry = sources.findLast(({ limits }) => limits?.[name] !== undefined)?.limits?.[name];
    return entry === undefined ? [] : [[name, parseLimit(name, entry)] as const];
  });
  return Object.fromEntries(found);
}
