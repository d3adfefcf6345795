/** What a thing that doctor looked at means for the sandbox. */
export type FindingStatus = "ok" | "warning" | "missing";

/** One thing that doctor looked at. */
export interface Finding {
  /** A stable name, for programs. */
  readonly id: string;
  readonly status: FindingStatus;
  /** What was found, as a phrase. */
  readonly found: string;
  /** The same for programs, where it is a version, a number or a switch. */
  readonly value?: string | number | boolean | readonly string[];
  /** What it costs, as a phrase; absent where it costs nothing. */
  readonly cost?: string;
  /** The command or the file that changes it; absent where nothing has to be changed. */
  readonly remedy?: string;
}
