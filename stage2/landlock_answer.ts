import type { SystemCall } from "./system_call.ts";

const CREATE_RULESET_VERSION = 1;

/** What the kernel answers when it is asked for its version of Landlock (landlock_create_ruleset(2)): a number, or the negative errno. */
export function landlockAnswer(call: SystemCall): number {
  return call("landlock_create_ruleset", 0, 0, CREATE_RULESET_VERSION);
}
