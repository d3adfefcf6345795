import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { NetPolicy } from "./net_policy.ts";

/**
 * Whether clients are led straight to the external proxy, which then decides alone: where every public host is allowed
 * and no rule says more. Otherwise the gateway stays in front and dials through it.
 */
export function leadsToExternal(
  { external, allowAll, allow, denyAll, deny, within = [] }: NetPolicy,
): boolean {
  return within.every((outer) => leadsToExternal({ ...outer, ...(external && { external }) })) &&
    external !== undefined && allowAll !== undefined && denyAll === undefined && allow.length === 0 &&
    deny.length === 0;
}

/** Whether any rule lets anything out. */
export function letsOut({ allowAll, allow, denyAll, within = [] }: NetPolicy): boolean {
  return denyAll === undefined && (allowAll !== undefined || allow.length > 0) && within.every(letsOut);
}

/** The same rules with nothing allowed to leave. */
export function nothingLeaves({ allowAll: _, ...net }: NetPolicy): NetPolicy {
  return { ...net, allow: [] };
}

/** What clients can speak to the proxy that they are led to. */
export function clientProtocols(net: NetPolicy): readonly ("http" | "socks5")[] {
  return net.external !== undefined && leadsToExternal(net) ? [net.external.protocol] : ["http", "socks5"];
}

/**
 * Refuses rules that an external proxy makes void.
 *
 * @throws {TomboloError} naming the rule and the remedy
 */
export function checkExternal(net: NetPolicy): void {
  const { external, upstream, resolve } = net;
  if (external === undefined) return;
  const refuse = (reason: string, remedy: string) => {
    const name = `external proxy ${quote(external.text)} (${external.origin})`;
    return new TomboloError("policy", `Cannot use ${name}: ${reason}`, { remedy });
  };
  if (net.denyAll === undefined && net.allowAll === undefined && net.allow.length === 0) {
    throw refuse(
      "no rule allows any host",
      "to let the proxy decide: --allow-net; to decide here as well: --allow-net=HOST",
    );
  }
  if (upstream !== undefined) {
    throw refuse(
      `an upstream is given too, ${quote(upstream.text)} (${upstream.origin})`,
      "leave one of them out, or tell the external proxy of its upstream",
    );
  }
  const [name] = resolve.keys();
  if (name !== undefined) {
    throw refuse(
      `it resolves names itself, and a static address is given for ${quote(name)}`,
      "leave one of them out",
    );
  }
}
