import { fileRules } from "../../lib/plan/seatbelt/file_rules.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import {
  type Profile,
  type ProfileContext,
  type ProfileSource,
  seatbeltProfile,
} from "../../lib/plan/seatbelt/profile.ts";
import type { SeatbeltRules } from "../../lib/plan/seatbelt/seatbelt_rules.ts";
import type { PathDecider } from "../../lib/policy/decide_path.ts";
import { FakeTree, hostFacts, pathPolicy } from "./facts.ts";
import { SeatbeltSimulator } from "./seatbelt_simulator.ts";

/** Where the run's own temporary files are, in tests. */
export const TEMPORARY = "/private/tmp/tombolo-1";

/** The rules of a plan for Seatbelt. */
export function rulesOf({ launcher }: Plan): SeatbeltRules {
  if (launcher.kind !== "seatbelt") throw new TypeError(`no plan for Seatbelt: ${launcher.kind}`);
  return launcher.rules;
}

/** The profile of a plan. */
export function profileOf(plan: Plan, context: Partial<ProfileContext> = {}): Profile {
  return seatbeltProfile({ ...plan, rules: rulesOf(plan) }, { temporary: TEMPORARY, ...context });
}

function simulate(source: ProfileSource, context: Partial<ProfileContext> = {}): SeatbeltSimulator {
  const { text, parameters } = seatbeltProfile(source, { temporary: TEMPORARY, ...context });
  return new SeatbeltSimulator(text, parameters);
}

/** What the profile of a plan makes the kernel decide. */
export function simulateSeatbelt(plan: Plan, context: Partial<ProfileContext> = {}): SeatbeltSimulator {
  return simulate({ ...plan, rules: rulesOf(plan) }, context);
}

/**
 * What rules about files make the kernel decide, without the rest of a plan.
 *
 * @param paths Directories that exist beside those of the rules
 */
export function simulateRules(decider: PathDecider, paths: readonly string[]): SeatbeltSimulator {
  const rules = [
    ...decider.readable.allow,
    ...decider.read.deny,
    ...decider.write.deny,
    ...decider.protections,
  ];
  const all = [...rules.map(({ path }) => path.toString()), ...paths];
  const policy = pathPolicy({});
  const facts = hostFacts({
    tree: new FakeTree(all.map((path) => `${path}/`)),
    policy: {
      ...policy,
      read: { allow: [...decider.readable.allow, ...decider.read.deny], deny: decider.write.deny },
    },
    protections: decider.protections,
    privateDirectories: [],
  });
  const files = fileRules(policy, decider, facts);
  return simulate({
    network: "none",
    unix: [],
    rules: { files, exec: { deny: [] }, trustd: false, limits: {} },
  });
}
