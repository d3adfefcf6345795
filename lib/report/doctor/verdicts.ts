import { type AttemptId, ATTEMPTS } from "../../verify/attempt_titles.ts";
import type { Reply } from "../../verify/trap.ts";
import { TomboloError } from "../tombolo_error.ts";

/** What came of one attempt to get out. */
export interface Verdict {
  readonly id: AttemptId;
  readonly result: "held" | "leaked";
  /** The errno, or what was seen. */
  readonly saw: string;
}

function parse(line: string): Reply | undefined {
  try {
    const { id, reached, saw } = JSON.parse(line);
    const isReply = typeof id === "string" && typeof reached === "boolean" && typeof saw === "string";
    return isReply ? { id, reached, saw } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges every attempt by what it says and by what the host has seen; either is enough for a leak.
 *
 * @param said What the attempts printed, a line each
 * @param effects What the host has seen, by attempt
 * @throws {TomboloError} where an attempt has no answer: nothing is known of it then
 */
export function verdicts(said: string, effects: ReadonlyMap<AttemptId, string>): Verdict[] {
  const replies = new Map(
    said.split("\n").map(parse).filter((reply) => reply !== undefined)
      .map((reply) => [reply.id, reply]),
  );
  const ids = Object.keys(ATTEMPTS) as AttemptId[];
  const silent = ids.filter((id) => !replies.has(id));
  if (silent.length > 0) {
    throw new TomboloError("sandbox", `Cannot verify: the attempts ended early, before ${silent[0]}`, {
      remedy: "nothing is known of the rest; try again",
    });
  }
  return ids.map((id) => {
    const reply = replies.get(id);
    const effect = effects.get(id);
    const leaked = reply?.reached === true || effect !== undefined;
    return { id, result: leaked ? "leaked" : "held", saw: effect ?? reply?.saw ?? "" };
  });
}
