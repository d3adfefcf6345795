import type { EnvPolicy, NameRule } from "./policy.ts";

function matches(rules: readonly NameRule[], name: string): boolean {
  return rules.some(({ text }) => text.endsWith("*") ? name.startsWith(text.slice(0, -1)) : text === name);
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
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(caller)) {
    if (matches(policy.allow, name) && !matches(policy.deny, name)) environment.set(name, value);
  }
  environment.set("TMPDIR", "/tmp");
  for (const [name, value] of policy.set) environment.set(name, value);
  return environment;
}
