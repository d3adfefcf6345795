import { lstat } from "../../paths/resolve_path.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { SANDBOX_EXEC } from "./seatbelt_start.ts";

/** A host whose commands Seatbelt confines. */
export interface SeatbeltHost {
  /** Absolute path of sandbox-exec. */
  readonly sandboxExec: string;
}

/**
 * Looks for sandbox-exec where macOS has it, and nowhere else.
 *
 * @throws {TomboloError} where it is not there
 */
export function seatbeltHost(sandboxExec: string = SANDBOX_EXEC): SeatbeltHost {
  if (lstat(sandboxExec)?.isFile === true) return { sandboxExec };
  throw new TomboloError("sandbox", `Cannot find ${sandboxExec}`, {
    remedy: "it is part of macOS: where Apple has taken it away, run in a Linux virtual machine",
  });
}
