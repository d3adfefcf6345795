import type { SafePath } from "../paths/safe_path.ts";
import { liftProtections } from "../policy/lift_protections.ts";
import type { Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";
import { programProtections } from "./plan_programs.ts";

// What the user denies is no protection that --unprotect could lift.
function withDeniedPrograms(facts: HostFacts): HostFacts {
  if (facts.programs === undefined) return facts;
  return { ...facts, protections: [...facts.protections, ...programProtections(facts.programs)] };
}

function withoutLifted(policy: Policy, facts: HostFacts): HostFacts {
  const at = (path: SafePath) => facts.resolved.get(path.toString());
  for (const { text, origin, path } of policy.unprotect) {
    const planted = at(path)?.links.find((link) => !facts.trustedLinks.has(link.toString()));
    if (planted === undefined) continue;
    throw new TomboloError(
      "policy",
      `Cannot unprotect ${quote(text)} (${origin}): ${quote(planted.toString())} is a symbolic link to ${
        quote(at(path)?.real.toString() ?? "")
      }`,
      { remedy: "name the target itself" },
    );
  }
  const real = (path: SafePath) => at(path)?.real ?? path;
  return { ...facts, protections: liftProtections(facts.protections, policy.unprotect, real) };
}

/**
 * The facts with the protections that hold: less those that the user has lifted, and with the programs that are denied.
 *
 * @throws {TomboloError} where a protection cannot be lifted
 */
export function effectiveFacts(policy: Policy, host: HostFacts): HostFacts {
  return withDeniedPrograms(policy.unprotect.length === 0 ? host : withoutLifted(policy, host));
}
