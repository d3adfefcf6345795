import type { SafePath } from "../../paths/safe_path.ts";
import type { FileRules } from "./file_rules.ts";
import type { SeatbeltLimits } from "./seatbelt_limits.ts";

/** What may be executed, by real path. */
export interface ExecRules {
  /** The only files, and directories whose files may be; absent: everything. */
  readonly allow?: readonly SafePath[];
  readonly deny: readonly SafePath[];
}

/** What of a plan the profile is made from, beside the network. */
export interface SeatbeltRules {
  readonly files: Pick<FileRules, "rules" | "waypoints" | "pinned">;
  readonly exec: ExecRules;
  /** Whether the service that checks certificates for the system's own clients may be spoken to. */
  readonly trustd: boolean;
  /** What the starting shell holds. */
  readonly limits: SeatbeltLimits;
}
