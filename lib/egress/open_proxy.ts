import { clientProtocols, leadsToExternal } from "../policy/external_rules.ts";
import type { ExternalProxy } from "./external_proxy.ts";
import { gatewayOf, type GatewayParts } from "./gateway_of.ts";
import type { ListenerCredential } from "./listener_credential.ts";
import { type ProxyAddress, proxyEnvironment } from "./proxy_environment.ts";
import type { ProxyHandle, ProxyPlace } from "./proxy_handle.ts";

/** What a proxy is opened from. */
export interface OpenProxyOptions extends GatewayParts {
  /** Taken over: closed with the handle. */
  readonly listener: Deno.UnixListener | Deno.TcpListener;
  /** Where a unix socket stands that has been moved since it was bound. */
  readonly path?: string;
  /** A connection that it has accepted already. */
  readonly accepted?: Deno.Conn;
  /** What a TCP listener asks its clients for. */
  readonly credential?: ListenerCredential;
  /** The proxy that the policy names, running; closed with the handle. */
  readonly external?: ExternalProxy;
  /** File of CA certificates that clients are to trust, where they see it. */
  readonly caBundle?: string;
}

/** What serves a listener. */
interface Server {
  close(graceMs?: number): Promise<void>;
}

class Handle implements ProxyHandle {
  readonly place: ProxyPlace;
  readonly ended: Promise<string>;
  readonly #closed = Promise.withResolvers<string>();

  constructor(
    private readonly options: OpenProxyOptions,
    private readonly server: Server,
    private readonly protocols: NonNullable<ProxyAddress["protocols"]>,
  ) {
    this.place = placeOf(options);
    const { external } = options;
    this.ended = Promise.race([this.#closed.promise, ...(external === undefined ? [] : [external.ended])]);
  }

  environment(port?: number): Map<string, string> {
    const { place, protocols, options: { credential, caBundle } } = this;
    if (port === undefined && place.kind === "unix") return new Map([["TOMBOLO_PROXY_SOCKET", place.path]]);
    return proxyEnvironment({
      port: port ?? (place.kind === "tcp" ? place.port : 0),
      ...(port === undefined && place.kind === "tcp" ? { host: place.host } : {}),
      ...(credential === undefined ? {} : { credentials: credential.credentials }),
      ...(caBundle === undefined ? {} : { caBundle }),
      protocols,
    });
  }

  async close(graceMs = 0): Promise<void> {
    await this.server.close(graceMs);
    await this.options.external?.close();
    this.#closed.resolve("closed");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function placeOf({ listener, path }: OpenProxyOptions): ProxyPlace {
  const addr: Deno.Addr = listener.addr;
  if (addr.transport === "unix") return { kind: "unix", path: path ?? addr.path };
  if (addr.transport !== "tcp") throw new TypeError(`Cannot serve a listener of ${addr.transport}`);
  // Who listens everywhere is found on loopback.
  const host = addr.hostname === "0.0.0.0" ? "127.0.0.1" : addr.hostname === "::" ? "::1" : addr.hostname;
  return { kind: "tcp", host: host.includes(":") ? `[${host}]` : host, port: addr.port };
}

function openGateway(options: OpenProxyOptions): Server {
  const { listener, accepted, credential } = options;
  const gateway = gatewayOf(options);
  gateway.serve(listener, {
    ...(accepted === undefined ? {} : { accepted }),
    ...(credential === undefined ? {} : { credential }),
  });
  return gateway;
}

async function openBridge(
  external: ExternalProxy,
  { listener, accepted }: OpenProxyOptions,
): Promise<Server> {
  const { UnixToTcpBridge } = await import("./bridge_unix_to_tcp.ts");
  const bridge = new UnixToTcpBridge(external.port);
  bridge.serve(listener, accepted);
  // Its port may be anybody's from then on.
  external.ended.then(() => bridge.close());
  return bridge;
}

/**
 * Opens the proxy that a policy asks for on a listener: the gateway, or an external proxy where no rule speaks of single
 * hosts. On a listener that asks for a credential the gateway always stays in front: an external proxy knows of none.
 *
 * @example
 * ```ts ignore
 * const listener = Deno.listen({ transport: "unix", path });
 * await using proxy = await openProxy({ net: policy.net, listener, onEvent });
 * ```
 */
export async function openProxy(options: OpenProxyOptions): Promise<ProxyHandle> {
  const { net, external, credential } = options;
  if (external !== undefined && credential === undefined && leadsToExternal(net)) {
    return new Handle(options, await openBridge(external, options), clientProtocols(net));
  }
  return new Handle(options, openGateway(options), ["http", "socks5"]);
}
