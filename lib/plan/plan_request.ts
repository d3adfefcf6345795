import type { RuntimeFiles } from "./host_facts.ts";
import type { HeldLimits } from "./plan_limits.ts";

/** What to run, and with which variables. */
export interface PlanRequest {
  readonly command: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** Whether the user named the working directory, so that hiding it is an error. */
  readonly cwdNamed: boolean;
  /** Start through stage2 even where bubblewrap alone would do: the caller leaks descriptors. */
  readonly stage2?: boolean;
  /**
   * Whether something in another sandbox may change the tree while this one is built, and this host has what it takes
   * not to be misled by that.
   */
  readonly contested?: boolean;
  readonly runtime: RuntimeFiles;
  /** Real path of the file of CA certificates that the command's clients are to trust. */
  readonly caBundle?: string;
  /** How the limits are held, where any but wall time is set. */
  readonly held?: HeldLimits;
}
