import type { DecisionEvent } from "../report/event.ts";

/** Something that a command left where the host would run it, or where a rule forbids it. */
export interface SetAsideEntry {
  /** Where it stood. */
  readonly path: string;
  /** Where it is now; `tombolo restore` puts it back. Absent where it could not be moved. */
  readonly movedTo?: string;
  /** Why it could not be moved. */
  readonly failure?: string;
  /** Why it may not stay. */
  readonly reason: string;
}

/** How a command ended, and what its policy had to say meanwhile. */
export interface SandboxStatus extends Deno.CommandStatus {
  /** Whether it ended with 0. */
  readonly success: boolean;
  /** The command's own; 128 + n where a signal ended it, 124 where its time was up. */
  readonly code: number;
  /** The signal that 128 + n stands for; a command may end with such a code by itself. */
  readonly signal: Deno.Signal | null;
  /**
   * What was denied, each thing once, the most useful first: hosts as they were asked for; of a command that failed also
   * paths, hosts and programs that its arguments name.
   */
  readonly denials: readonly DecisionEvent[];
  /** The limits that it met. */
  readonly limits: readonly DecisionEvent[];
  readonly setAside: readonly SetAsideEntry[];
}

/** A status with the output of both streams. */
export interface SandboxOutput extends SandboxStatus {
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: Uint8Array<ArrayBuffer>;
}
