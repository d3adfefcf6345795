import { ListenerCredential } from "../egress/listener_credential.ts";
import { proxyEnvironment } from "../egress/proxy_environment.ts";
import type { Plan } from "../plan/plan.ts";
import { clientProtocols } from "../policy/external_rules.ts";

/** Where a command without a network namespace finds the gateway: on the host's loopback, with a credential of its own. */
export class GatewayPort {
  private constructor(
    readonly listener: Deno.TcpListener,
    /** What keeps the other processes of the host out. */
    readonly credential: ListenerCredential,
  ) {}

  static open(): GatewayPort {
    return new GatewayPort(Deno.listen({ hostname: "127.0.0.1", port: 0 }), ListenerCredential.random());
  }

  get port(): number {
    return this.listener.addr.port;
  }

  /** What makes the command's clients use it. */
  variables({ net, caBundle, environment }: Plan): ReadonlyMap<string, string> {
    const { port, credential: { credentials } } = this;
    return proxyEnvironment({
      port,
      credentials,
      // The gateway stays in front of an external proxy, for the credential.
      protocols: net.external === undefined ? clientProtocols(net) : ["http", "socks5"],
      ...(caBundle === undefined ? {} : { caBundle }),
    }, environment);
  }
}
