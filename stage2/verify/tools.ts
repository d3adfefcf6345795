import type { AttemptId } from "../../lib/verify/attempt_titles.ts";
import type { Reply, Trap } from "../../lib/verify/trap.ts";
import type { NumberedCall } from "../system_call.ts";
import { errnoName } from "./errno_names.ts";

/** What attempts are made with. */
export interface Tools {
  readonly call: NumberedCall;
  readonly trap: Trap;
  /** How this program is started, up to its role. */
  readonly self: readonly string[];
}

/** One attempt to get out. */
export type Attempt = (tools: Tools) => Omit<Reply, "id">;

/** Attempts by name. */
export type Attempts = Partial<Readonly<Record<AttemptId, Attempt>>>;

/**
 * Judges a system call by its errno: only what a wall says counts as held. Where no wall stands, a call that was made
 * with nonsense gets as far as the kernel's own complaint about that.
 *
 * @param result What the call returned
 * @param walls The errnos of walls; any for `undefined`
 */
export function refused(result: number, walls?: readonly number[]): Omit<Reply, "id"> {
  if (result >= 0) return { reached: true, saw: "success" };
  const passed = walls !== undefined && !walls.includes(-result);
  const errno = errnoName(-result);
  return { reached: passed, saw: passed ? `no wall in the way (${errno})` : errno };
}

/** Tries one after the other; the first that succeeds is the answer, else the last. */
export function anyOf(replies: readonly Omit<Reply, "id">[]): Omit<Reply, "id"> {
  const saws = [...new Set(replies.map(({ saw }) => saw))].join(", ");
  return replies.find(({ reached }) => reached) ?? { reached: false, saw: saws === "" ? "nothing" : saws };
}
