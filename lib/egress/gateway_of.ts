import { ProxyUrl } from "../host/proxy_url.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { EventSink } from "../report/event.ts";
import type { ExternalProxy } from "./external_proxy.ts";
import { Gateway, type GatewayLimits, type GatewayOptions } from "./gateway.ts";
import type { Route } from "./guarded_dialer.ts";

/** What a gateway is made from. */
export interface GatewayParts {
  readonly net: NetPolicy;
  /** Which upstream proxy leads to a host; all go direct unless given. */
  readonly route?: Route;
  /** Certificates (PEM) that are trusted beside the runtime's own, for an upstream proxy that is spoken to over TLS. */
  readonly caCerts?: readonly string[];
  /** The proxy that the policy names, running. */
  readonly external?: ExternalProxy;
  readonly onEvent: EventSink;
  readonly limits?: Partial<GatewayLimits>;
}

/** Sends everything through the external proxy. Once that has ended, its port may be anybody's. */
function throughExternal(external: ExternalProxy, net: NetPolicy): Pick<GatewayOptions, "route" | "connect"> {
  const proxy = ProxyUrl.external(net.external?.protocol ?? "http", external.port);
  return {
    route: () => proxy,
    connect: (hostname, port, signal) =>
      external.isRunning
        ? Deno.connect({ hostname, port, signal })
        : Promise.reject(new Deno.errors.ConnectionRefused("the external proxy has ended")),
  };
}

/** The gateway that a policy asks for; where it names an external proxy, that one dials. */
export function gatewayOf({ net, external, route, caCerts, onEvent, limits }: GatewayParts): Gateway {
  return new Gateway({
    policy: net,
    onEvent,
    ...(limits === undefined ? {} : { limits }),
    ...(route === undefined ? {} : { route }),
    ...(caCerts === undefined ? {} : { caCerts }),
    ...(external === undefined ? {} : throughExternal(external, net)),
  });
}
