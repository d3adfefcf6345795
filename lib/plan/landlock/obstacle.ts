import type { Policy } from "../../policy/policy.ts";
import { network } from "../plan_launcher.ts";
import { OLDEST_NET_VERSION, OLDEST_VERSION } from "./control.ts";

/** What the user lets be held less well than a sandbox with namespaces would. */
export interface Weaker {
  /** That TCP is confined to a port, of any machine, and not to the gateway. */
  readonly network: boolean;
  /** That modes, owners, times and attributes can be changed of every file that the user owns. */
  readonly attributes: boolean;
}

/** Why Landlock cannot enforce a policy, as a sentence without a subject, and what would help. */
export interface Obstacle {
  readonly wrong: string;
  readonly remedy: string;
}

function tooOld(version: number, wanted: number, kernel: string): Obstacle {
  const has = version === 0
    ? "this kernel has none, or it is not enabled"
    : `this kernel has version ${version}`;
  return {
    wrong: `Landlock of version ${wanted} is needed, and ${has}`,
    remedy:
      `Linux ${kernel} or later, with landlock among its security modules (lsm=), outside of containers that refuse its system calls`,
  };
}

/**
 * Looks for what Landlock cannot enforce of a policy.
 *
 * @param version What the kernel has; 0 for none
 */
export function landlockObstacle(policy: Policy, version: number, weaker: Weaker): Obstacle | undefined {
  if (version < OLDEST_VERSION) return tooOld(version, OLDEST_VERSION, "6.2");
  if (policy.unix !== undefined && policy.unix.length > 0) {
    return {
      wrong: `Landlock does not tell unix sockets apart (${policy.unix[0]?.origin})`,
      remedy: "leave --allow-unix out",
    };
  }
  if ((policy.net.publish ?? []).length > 0) {
    return {
      wrong: "without a network namespace there is no port to publish (--publish)",
      remedy: "leave --publish out",
    };
  }
  if (network(policy) === "none") return undefined;
  if (version < OLDEST_NET_VERSION) return tooOld(version, OLDEST_NET_VERSION, "6.7");
  if (weaker.network) return undefined;
  return {
    wrong:
      "Landlock confines TCP to the gateway's port and not to the gateway: the same port of other machines can be reached",
    remedy: "accept that with --weaker-network, or allow no host",
  };
}
