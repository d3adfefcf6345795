import type { ResolvedPath } from "../paths/resolve_path.ts";
import type { PathDecider, ProtectionRule } from "../policy/decide_path.ts";
import type { PathRule } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";

/** What stands at a real path. */
export type Standing = Pick<ResolvedPath, "kind" | "broken" | "id">;

/** A rule, with what stands at its path. */
export interface RuledPath {
  readonly rule: PathRule | ProtectionRule;
  readonly found?: Standing;
}

function literal(rules: readonly PathRule[]): readonly PathRule[] {
  return rules.filter(({ glob }) => glob === undefined);
}

// What stands at every real path that a rule names.
function standings(facts: HostFacts): Map<string, Standing> {
  return new Map<string, Standing>([
    ...facts.globs.flatMap(({ contents, targets }) => [...contents, ...targets]).map((found) =>
      [found.path.toString(), found] as const
    ),
    ...[...facts.resolved.values()].map((found) => [found.real.toString(), found] as const),
  ]);
}

/** Every rule that names one path, protections last. */
export function ruledPaths(decider: PathDecider, facts: HostFacts): RuledPath[] {
  const standing = standings(facts);
  const rules = [
    ...decider.read.allow,
    ...literal(decider.read.deny),
    ...decider.write.allow,
    ...literal(decider.write.deny),
    ...decider.protections,
  ];
  return rules.map((rule) => {
    const found = standing.get(rule.path.toString());
    return found === undefined ? { rule } : { rule, found };
  });
}

/**
 * Refuses an allow rule for what is neither a file nor a directory.
 *
 * @throws {TomboloError} where one names a socket, pipe or device
 */
export function refuseSpecialFile(rule: PathRule | ProtectionRule, kind: Standing["kind"]): void {
  if (kind !== "other" && kind !== "socket") return;
  throw new TomboloError(
    "policy",
    `Cannot allow ${
      quote(rule.text)
    } (${rule.origin}): it is a socket, pipe or device, not a file or directory`,
    kind === "socket" ? { remedy: `to let the socket be reached: --allow-unix=${rule.text}` } : {},
  );
}
