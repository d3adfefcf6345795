import { decidePath, type PathDecider } from "../policy/decide_path.ts";
import type { HostFacts } from "./host_facts.ts";
import type { Make } from "./plan.ts";

/** The missing directories that are made before the start: those that may then be written. */
export function makesOf(decider: PathDecider, { makes = [] }: HostFacts): Make[] {
  return decider.write.allow.filter(({ path }) =>
    makes.includes(path.toString()) && decidePath(decider, "write", path).allowed
  ).map(({ path, origin }) => ({ path: path.toString(), origin }));
}
