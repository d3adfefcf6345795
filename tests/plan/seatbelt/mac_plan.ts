import type { Plan } from "../../../lib/plan/plan.ts";
import { planSeatbelt } from "../../../lib/plan/seatbelt/plan_seatbelt.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { type FakeHost, FakeTree, hostFacts, pathPolicy, type RuleTexts } from "../facts.ts";

/** What stands on a Mac that exists only in tests. */
const MAC = [
  "/etc -> private/etc",
  "/tmp -> private/tmp",
  "/var -> private/var",
  "/private/etc/passwd",
  "/private/tmp/other/file",
  "/private/var/folders/ab/cd/T/other",
  "/private/var/db/timezone/zone",
  "/usr/lib/dyld",
  "/usr/bin/git",
  "/usr/bin/open",
  "/opt/homebrew/bin/node",
  "/Users/ann/.ssh/id",
  "/Users/ann/work/.git/hooks/",
  "/Users/ann/work/.git/config",
  "/Users/ann/work/src/main.ts",
  "%/private/var/run/docker.sock",
  "/dev/",
];

const PRIVATE = ["/private/tmp", "/private/var/tmp", "/private/var/folders", "/private/var/run"];

/** A policy, and what is different about that Mac. */
export interface MacScene extends Partial<Omit<FakeHost, "policy" | "tree">> {
  readonly rules?: RuleTexts;
  readonly policy?: Partial<Policy>;
  readonly environment?: ReadonlyMap<string, string>;
  readonly files?: readonly string[];
  readonly cwdNamed?: boolean;
  readonly caBundle?: string;
}

/** The plan for a policy on a Mac. */
export function macPlan(given: MacScene = {}): Plan {
  const rules = given.rules ?? { readAllow: ["/"], writeAllow: ["/Users/ann/work"] };
  const policy = pathPolicy(rules, { base: "workspace", ...given.policy });
  const tree = new FakeTree([...MAC, ...given.files ?? []]);
  const facts = hostFacts({ cwd: "/Users/ann/work", privateDirectories: PRIVATE, ...given, tree, policy });
  return planSeatbelt(policy, facts, {
    command: ["make"],
    environment: given.environment ?? new Map(),
    cwdNamed: given.cwdNamed ?? false,
    ...(given.caBundle === undefined ? {} : { caBundle: given.caBundle }),
  });
}
