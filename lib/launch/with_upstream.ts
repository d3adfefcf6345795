import type { Plan } from "../plan/plan.ts";
import type { Policy } from "../policy/policy.ts";

// Both cases, as readUpstream has them; it is loaded only where there may be something to read.
const NAMES_PROXY = /^(?:https?|all)_proxy$/i;
const SPEAKS_OF_PROXY = /^(?:https?|all|no)_proxy$/i;

/**
 * Adds to a plan with a gateway the proxies that it dials through. The caller's own variables about them are for the
 * gateway: the command keeps only those that the policy sets, even where it may have the caller's whole environment.
 *
 * @param caller The whole environment of the caller
 * @throws {TomboloError} Where a variable is no proxy's address
 */
export async function withUpstream(
  plan: Plan,
  { net, env }: Policy,
  caller: Readonly<Record<string, string>>,
): Promise<Plan> {
  if (plan.network !== "gateway") return plan;
  const environment = new Map(
    [...plan.environment].filter(([name]) => env.set.has(name) || !SPEAKS_OF_PROXY.test(name)),
  );
  const isNamed = Object.keys(caller).some((name) => NAMES_PROXY.test(name));
  const wanted = net.upstream?.proxy ?? "env";
  // An external proxy is what the gateway dials through itself.
  if (net.external !== undefined || wanted === "none" || (wanted === "env" && !isNamed)) {
    return { ...plan, environment };
  }
  const { readUpstream } = await import("../egress/upstream/read_upstream.ts");
  const { notices, ...found } = readUpstream(net, caller);
  return { ...plan, ...found, environment, notices: [...plan.notices, ...notices] };
}
