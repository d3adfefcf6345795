import { type Limit, LIMIT_LABELS, type LimitName, type Limits } from "../../policy/limits.ts";
import { TomboloError } from "../../report/tombolo_error.ts";

/** Limits that a shell sets with ulimit, of each process: seconds, a count, bytes. */
export interface SeatbeltLimits {
  readonly cpuTime?: number;
  readonly openFiles?: number;
  readonly fileSize?: number;
}

// sh(1): ulimit -f counts in blocks, of 1024 bytes in the shell that macOS has.
const BLOCK = 1024;

const UNHELD: Readonly<Partial<Record<LimitName, string>>> = {
  memory: "macOS does not hold a process to a limit of memory",
  processes: "macOS counts all processes of a user together, and none of root's",
};

function refusal(name: LimitName, { text, origin }: Limit, reason: string, remedy: string): TomboloError {
  return new TomboloError("policy", `Cannot limit ${LIMIT_LABELS[name]} to ${text} (${origin}): ${reason}`, {
    remedy,
  });
}

/**
 * Which limits the starting shell is to set; wall time is tombolo's own to hold.
 *
 * @throws {TomboloError} where macOS cannot hold one
 */
export function seatbeltLimits({ cpuTime, openFiles, fileSize, ...rest }: Limits): SeatbeltLimits {
  for (const name of ["memory", "processes"] as const) {
    const limit = rest[name];
    const reason = UNHELD[name];
    if (limit !== undefined && reason !== undefined) {
      throw refusal(name, limit, reason, "leave it out, or run in a virtual machine of that size");
    }
  }
  if (fileSize !== undefined && fileSize.value % BLOCK !== 0) {
    throw refusal(
      "fileSize",
      fileSize,
      `it is counted in blocks of ${BLOCK} bytes`,
      "name a multiple, as 1KiB",
    );
  }
  return {
    ...(cpuTime === undefined ? {} : { cpuTime: cpuTime.value }),
    ...(openFiles === undefined ? {} : { openFiles: openFiles.value }),
    ...(fileSize === undefined ? {} : { fileSize: fileSize.value }),
  };
}
