import { classify } from "../../host/address_class.ts";
import { isLocalhostName } from "../../host/special_name.ts";
import type { NetPolicy } from "../../policy/net_policy.ts";
import type { Route } from "../guarded_dialer.ts";
import type { Upstream } from "./upstream.ts";

/**
 * Says which proxy leads to a host. Loopback means this host, and a name that the policy fixes has the user's own address:
 * both go direct, as does what NO_PROXY lists.
 */
export function routeOf(upstream: Upstream, policy: NetPolicy): Route {
  return (target, via) => {
    const { host, address } = target;
    const isLoopback = address === undefined ? isLocalhostName(host) : classify(address) === "loopback";
    if (isLoopback || policy.resolve.has(host) || upstream.noProxy.matches(target)) return undefined;
    return upstream[via]?.proxy;
  };
}
