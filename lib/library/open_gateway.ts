import { SharedGateway } from "../launch/shared_gateway.ts";
import { startExternal } from "../launch/start_external.ts";
import type { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import { decidePath } from "../policy/decide_path.ts";
import type { EventSink } from "../report/event.ts";
import type { OpenEnvironment } from "./open_environment.ts";

/** The way out of a sandbox. */
export interface WayOut {
  readonly gateway?: SharedGateway;
  /** Whether there is none although the policy allows hosts: the external proxy that it names could not be started. */
  readonly isCutOff: boolean;
}

/**
 * Opens the gateway of a policy, and starts the external proxy that it names.
 *
 * @param plan A plan under the policy
 * @throws {TomboloError} where the external proxy cannot be started, and the policy does not do without it
 */
export async function openGateway(
  { host }: OpenEnvironment,
  plan: Plan,
  onEvent: EventSink,
  onNotice: (line: string) => void,
): Promise<WayOut> {
  if (plan.network !== "gateway") return { isCutOff: false };
  const { external: rule, denyAll } = plan.net;
  const external = rule === undefined || denyAll !== undefined ? undefined : await startExternal({
    rule,
    caller: host.caller,
    isWritableInside: (path: SafePath) => decidePath(plan.decider, "write", path).allowed,
    voice: { detail: onNotice, warn: onNotice },
    onEvent,
  });
  if (rule !== undefined && denyAll === undefined && external === undefined) return { isCutOff: true };
  const { caBundle } = host;
  const gateway = await SharedGateway.open({
    plan,
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(external === undefined ? {} : { external }),
  });
  return { gateway, isCutOff: false };
}
