import type { SafePath } from "../paths/safe_path.ts";
import type { Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";
import type { Guard } from "./plan.ts";

/**
 * The links on the way to guarded paths that the sandbox could replace: a guard stands at the end of a link, and guards
 * nothing where the link can be led elsewhere.
 *
 * @returns Those that are looked at when the run ends
 * @throws {TomboloError} for all others
 */
export function plantableLinks(
  policy: Policy,
  facts: HostFacts,
  isWritable: (path: SafePath) => boolean,
): Guard[] {
  const guards: Guard[] = [];
  for (const rule of [...policy.read.deny, ...policy.write.deny, ...facts.protections]) {
    const links = facts.resolved.get(rule.path.toString())?.links ?? [];
    const plantable = links.find((link) => isWritable(link.parent));
    if (plantable === undefined || ("denies" in rule && rule.denies === "nothing")) continue;
    const path = plantable.toString();
    if ("watchesLinks" in rule && rule.watchesLinks === true) {
      guards.push({ path, rule, leadsTo: facts.resolved.get(path)?.real.toString() ?? path });
      continue;
    }
    throw new TomboloError(
      "policy",
      `Cannot guard ${quote(rule.text)} (${rule.origin}): ${
        quote(path)
      } is a symbolic link that the sandbox could replace`,
      { remedy: "replace the link by what it points to, or do not let its directory be written" },
    );
  }
  return guards;
}
