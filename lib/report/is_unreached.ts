import type { DecisionEvent } from "./event.ts";

/** Whether something was allowed to leave, and could not be reached; who comes in by a published port is not meant. */
export function isUnreached({ decision, detail }: DecisionEvent): boolean {
  return decision === "allow" && detail?.["error"] !== undefined && detail["via"] !== "publish";
}
