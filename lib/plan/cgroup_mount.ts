import { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";
import type { Mount } from "./plan.ts";
import type { HeldLimits } from "./plan_limits.ts";

/** Deno cannot look there, so that no rule of the user names anything below it. */
const CGROUPS = SafePath.of("/sys/fs/cgroup");

/**
 * Keeps the control groups from being written where a scope holds limits: whoever may write there lifts them. Only a rule
 * for everything allows it.
 */
export function cgroupMount(held: HeldLimits | undefined, decider: PathDecider): Mount[] {
  if (held?.scope === undefined || !decidePath(decider, "write", CGROUPS).allowed) return [];
  return [{ kind: "read", target: CGROUPS.toString() }];
}
