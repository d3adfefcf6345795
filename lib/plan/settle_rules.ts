import type { ResolvedPath } from "../paths/resolve_path.ts";
import type { SafePath } from "../paths/safe_path.ts";
import { type PathDecider, pathDecider, type ProtectionRule } from "../policy/decide_path.ts";
import type { PathRule, PathRules, Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";

function resolved(facts: HostFacts, path: SafePath): ResolvedPath {
  return facts.resolved.get(path.toString()) ?? { real: path, kind: undefined, links: [] };
}

/**
 * Moves an allow rule to its real path: a link that a sandbox could have planted must not decide what is opened
 * (CVE-2024-42472).
 *
 * @returns Nothing where a preset names what does not exist
 * @throws {TomboloError} where nothing stands there, or such a link is on the way
 */
export function settleAllow(rule: PathRule, access: string, facts: HostFacts): PathRule[] {
  const { real, kind, links } = resolved(facts, rule.path);
  const planted = links.find((link) => !facts.trustedLinks.has(link.toString()));
  if (planted !== undefined) {
    throw new TomboloError(
      "policy",
      `Cannot allow ${access} of ${quote(rule.text)} (${rule.origin}): ${
        quote(planted.toString())
      } is a symbolic link to ${quote(real.toString())}`,
      { remedy: "name the target itself" },
    );
  }
  if (kind !== undefined) return [{ ...rule, path: real }];
  if (rule.optional) return [];
  throw new TomboloError(
    "policy",
    `Cannot allow ${access} of ${quote(rule.text)} (${rule.origin}): no such file or directory`,
  );
}

function settleRules(rules: PathRules, access: string, facts: HostFacts): PathRules {
  return {
    allow: rules.allow.flatMap((rule) => settleAllow(rule, access, facts)),
    deny: rules.deny.flatMap((rule) => [
      { ...rule, path: resolved(facts, rule.path).real },
      ...alsoDenied(rule, facts),
    ]),
  };
}

// A rule with a pattern also denies things by their paths, as if they had been named.
function alsoDenied(rule: PathRule, facts: HostFacts): PathRule[] {
  if (rule.glob === undefined) return [];
  const { text, origin, optional } = rule;
  const found = facts.globs.find((each) => each.rule === rule);
  return [...found?.contents ?? [], ...found?.targets ?? []].map(({ path }) => ({
    text,
    origin,
    optional,
    path,
  }));
}

function settleProtection(rule: ProtectionRule, facts: HostFacts): ProtectionRule {
  const { real } = resolved(facts, rule.path);
  return real === rule.path ? rule : { ...rule, path: real };
}

/**
 * Moves every path rule to the real path that it stands for.
 *
 * @throws {TomboloError} for an allow rule whose path does not exist, or that a link leads elsewhere
 */
export function settleAllRules(policy: Policy, facts: HostFacts): PathDecider {
  return pathDecider(
    settleRules(policy.read, "reading", facts),
    settleRules({ ...policy.write, allow: [...policy.write.allow, ...facts.opened ?? []] }, "writing", facts),
    facts.protections.map((rule) => settleProtection(rule, facts)),
  );
}
