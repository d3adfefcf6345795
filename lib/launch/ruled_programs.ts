import type { ProgramFacts } from "../plan/host_facts.ts";
import type { RuledProgram } from "../policy/decide_run.ts";
import { gatherPrograms, type ProgramsRequest } from "./gather_programs.ts";

type Allowed = readonly RuledProgram[] | undefined;

// A directory stands for all of its programs: of two that hold one another, the inner.
function inBoth(ours: Allowed, theirs: Allowed): Allowed {
  if (ours === undefined || theirs === undefined) return ours ?? theirs;
  const inner = ours.flatMap((one) =>
    theirs.flatMap((other) =>
      other.path.contains(one.path) ? [one] : one.path.contains(other.path) ? [other] : []
    )
  );
  return [...new Map(inner.map((program) => [program.path.toString(), program])).values()];
}

/**
 * As {@linkcode gatherPrograms}, for a policy that may have been made narrower: only what all of the policies allow.
 *
 * @throws {TomboloError} as that does
 */
export function ruledPrograms(request: ProgramsRequest): ProgramFacts {
  const { within = [], ...own } = request.run;
  const first = gatherPrograms({ ...request, run: own });
  return within.reduce<ProgramFacts>((facts, { within: _, ...run }) => {
    const outer = gatherPrograms({ ...request, run });
    const allow = inBoth(facts.allow, outer.allow);
    return { ...facts, ...(allow === undefined ? {} : { allow }) };
  }, first);
}
