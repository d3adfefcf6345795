import { givesVariable } from "./command_environment.ts";
import type { EnvPolicy } from "./policy.ts";

/**
 * The variables that both policies give. What one sets by hand needs the other to allow or set it too; of two values, the
 * parent's holds.
 */
export function composeEnv(parent: EnvPolicy, child: EnvPolicy): EnvPolicy {
  const { within: outer = [], ...itself } = parent;
  const given = [...child.set, ...parent.set].filter(([name]) =>
    givesVariable(parent, name) && givesVariable(child, name)
  );
  return {
    allow: child.allow,
    deny: [...parent.deny, ...child.deny],
    set: new Map(given),
    within: [...outer, ...child.within ?? [], itself],
  };
}
