import type { BuildContext } from "./build_context.ts";
import { expandPresets } from "./expand_presets.ts";
import { netPolicy } from "./net_rules.ts";
import { parseLimits } from "./parse_limits.ts";
import { parsePolicy } from "./parse_policy.ts";
import type { Policy } from "./policy.ts";
import type { PolicySource } from "./policy_source.ts";

export type { BuildContext } from "./build_context.ts";

/**
 * Puts presets, files and flags together and parses every text once.
 *
 * @param sources In the order given: files, then flags; the presets that they name come before all of them
 * @throws {TomboloError} naming the rule and its origin, for anything that cannot be understood
 */
export function buildPolicy(sources: readonly PolicySource[], context: BuildContext): Policy {
  const expanded = expandPresets(sources, context);
  return parsePolicy(expanded, context, netPolicy(expanded.sources), parseLimits(expanded.sources));
}
