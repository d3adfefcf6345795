import type { EnvPolicy, NameRule } from "./policy.ts";

// Sorted out once: every variable of the caller is asked about.
function matcher(rules: readonly NameRule[]): (name: string) => boolean {
  const names = new Set(rules.map(({ text }) => text));
  const patterns = [...names].filter((text) => text.includes("*"))
    .map((text) => new RegExp(`^${text.replaceAll("*", ".*")}$`, "s"));
  return (name) => names.has(name) || patterns.some((pattern) => pattern.test(name));
}

function layerAllows({ allow, deny }: EnvPolicy): (name: string) => boolean {
  const allows = matcher(allow);
  const denies = matcher(deny);
  return (name) => allows(name) && !denies(name);
}

// In every policy that it has been made narrower from, what is set by hand is given too.
function passes(policy: EnvPolicy): (name: string) => boolean {
  const outer = (policy.within ?? []).map((layer) => {
    const allows = layerAllows(layer);
    return (name: string) => layer.set.has(name) || allows(name);
  });
  const own = layerAllows(policy);
  return (name) => own(name) && outer.every((gives) => gives(name));
}

/** Whether a command gets a variable where the caller has it. */
export function givesVariable(policy: EnvPolicy, name: string): boolean {
  return policy.set.has(name) || passes(policy)(name);
}

/**
 * The environment that the command gets: what the policy allows of the caller's, TMPDIR moved to the private /tmp,
 * and what is set by hand.
 *
 * @param policy Its deny rules beat its allow rules; variables set by hand need no allow rule
 * @param caller The whole environment of the caller
 * @returns Names and values, nothing else of the caller's
 */
export function commandEnvironment(
  policy: EnvPolicy,
  caller: Readonly<Record<string, string>>,
): Map<string, string> {
  const isAllowed = passes(policy);
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(caller)) {
    if (isAllowed(name)) environment.set(name, value);
  }
  environment.set("TMPDIR", "/tmp");
  for (const [name, value] of policy.set) environment.set(name, value);
  return environment;
}
