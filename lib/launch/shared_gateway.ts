import type { ExternalProxy } from "../egress/external_proxy.ts";
import type { Gateway } from "../egress/gateway.ts";
import { gatewayOf } from "../egress/gateway_of.ts";
import type { ListenerCredential } from "../egress/listener_credential.ts";
import { UnixToTcpBridge } from "../egress/bridge_unix_to_tcp.ts";
import type { Plan } from "../plan/plan.ts";
import { leadsToExternal } from "../policy/external_rules.ts";
import type { EventSink } from "../report/event.ts";
import { upstreamOf } from "./upstream_of.ts";

/** What a gateway for many sandboxes is opened from. */
export interface SharedGatewayOptions {
  readonly plan: Plan;
  /** Real path of the CA certificates that the policy names. */
  readonly caBundle?: string;
  /** The proxy that the policy names, running; closed with the gateway. */
  readonly external?: ExternalProxy;
}

/** One gateway for many sandboxes under one policy; each has a socket of its own, so that its events can be told apart. */
export class SharedGateway implements AsyncDisposable {
  private constructor(private readonly gateway: Gateway, private readonly options: SharedGatewayOptions) {}

  /** Makes the gateway; it listens nowhere yet. */
  static async open(options: SharedGatewayOptions): Promise<SharedGateway> {
    const { plan, external } = options;
    const gateway = gatewayOf({
      net: plan.net,
      // Each listener has its own.
      onEvent: () => {},
      ...await upstreamOf(options),
      ...(external === undefined ? {} : { external }),
    });
    return new SharedGateway(gateway, options);
  }

  /**
   * Serves one sandbox.
   *
   * @param listener Where the sandbox is heard
   * @param credential What a TCP listener asks its clients for; an external proxy knows of none, so the gateway stays in
   * front then
   * @returns Ends what its command has left open
   */
  serve(
    listener: Deno.UnixListener | Deno.TcpListener,
    onEvent: EventSink,
    credential?: ListenerCredential,
  ): AsyncDisposable {
    // The command keeps the event loop alive, not its way out.
    listener.unref();
    const { plan: { net }, external } = this.options;
    if (external === undefined || credential !== undefined || !leadsToExternal(net)) {
      return this.gateway.serve(listener, { onEvent, ...(credential && { credential }) });
    }
    const bridge = new UnixToTcpBridge(external.port);
    bridge.serve(listener);
    // Its port may be anybody's from then on.
    external.ended.then(() => bridge.close());
    return bridge;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway.close();
    await this.options.external?.close();
  }
}
