import type { PathDecider } from "../policy/decide_path.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import type { PathRule, Policy } from "../policy/policy.ts";
import { effectiveFacts } from "./effective_facts.ts";
import type { HostFacts } from "./host_facts.ts";
import { executable, runDecider } from "./plan_programs.ts";
import { settleAllRules } from "./settle_rules.ts";
import { settleSockets } from "./settle_sockets.ts";

/** What a policy means on this host, whichever backend enforces it. */
export interface SettledPolicy {
  readonly facts: HostFacts;
  readonly decider: PathDecider;
  /** Unix sockets that can be reached, by real path. */
  readonly unix: readonly PathRule[];
  readonly run: RunDecider | undefined;
  /** The only files that may be executed, where there is a list. */
  readonly executable: readonly string[] | undefined;
}

/**
 * Moves the rules of a policy to what they stand for on the host.
 *
 * @throws {TomboloError} where one stands for nothing, or for what a link leads to that a sandbox could have planted
 */
export function settlePolicy(policy: Policy, host: HostFacts): SettledPolicy {
  const facts = effectiveFacts(policy, host);
  const decider = settleAllRules(policy, facts);
  const run = facts.programs && runDecider(facts.programs);
  return {
    facts,
    decider,
    unix: settleSockets(policy.unix ?? [], decider.read.deny, facts),
    run,
    executable: run && executable(run),
  };
}
