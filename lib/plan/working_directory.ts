import type { SafePath } from "../paths/safe_path.ts";
import type { Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";
import type { PlanRequest } from "./plan_request.ts";

/**
 * Where the command starts: in the working directory, or, where nothing of the host is shown, at the root.
 *
 * @param shows Whether a path can be seen inside
 * @throws {TomboloError} where the policy hides the working directory
 */
export function workingDirectory(
  { cwdNamed }: Pick<PlanRequest, "cwdNamed">,
  policy: Policy,
  facts: HostFacts,
  shows: (path: SafePath) => boolean,
): string {
  const own = facts.privateDirectories.some((path) => path.equals(facts.cwd));
  if (own || shows(facts.cwd)) return facts.cwd.toString();
  if (cwdNamed || policy.base !== "none") {
    throw new TomboloError(
      "policy",
      `Cannot use working directory ${quote(facts.cwd.toString())}: the policy does not let it be read`,
      {
        remedy: `allow it: --allow-read=${facts.cwd}`,
      },
    );
  }
  return "/";
}
