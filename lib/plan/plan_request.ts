import type { RuntimeFiles } from "./host_facts.ts";
import type { LateMounts } from "./late_mounts.ts";
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
   * Which mounts stage2 makes: those that are too many for bubblewrap (unless given), all that it can, because something
   * in another sandbox may change the tree meanwhile, or none, because this host does not let it.
   */
  readonly lateMounts?: LateMounts;
  readonly runtime: RuntimeFiles;
  /** The Deno for a command that is a program of tombolo's own: it stands inside in any case. */
  readonly ownRuntime?: string;
  /** Real path of the file of CA certificates that the command's clients are to trust. */
  readonly caBundle?: string;
  /** How the limits are held, where any but wall time is set. */
  readonly held?: HeldLimits;
}
