import type { ListenerCredential } from "../egress/listener_credential.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunContext } from "./run_context.ts";
import { upstreamOf } from "./upstream_of.ts";

/** The gateway's side of a sandbox that is up. */
export interface GatewaySide extends Pick<RunContext, "caBundle" | "onEvent" | "external" | "trace"> {
  readonly plan: Plan;
  readonly listener: Deno.UnixListener | Deno.TcpListener;
  /** What a TCP listener asks its clients for. */
  readonly credential?: ListenerCredential;
  /** Settles when the sandbox ends. */
  readonly ended: Promise<undefined>;
  /** Closes the proxy with the run. */
  readonly stack: AsyncDisposableStack;
}

/** Serves the sandbox. The proxy is loaded when the first connection comes: many commands that may reach a host never do. */
export async function serveGateway(side: GatewaySide): Promise<void> {
  const { listener, ended, stack, plan: { net }, onEvent, external, credential } = side;
  const first = await Promise.race([listener.accept().catch(() => undefined), ended]);
  if (first === undefined) return;
  side.trace?.mark("first connection accepted");
  const { openProxy } = await import("../egress/open_proxy.ts");
  const upstream = await upstreamOf(side);
  // The command may have ended meanwhile.
  if (stack.disposed) return first.close();
  const proxy = await openProxy({
    net,
    listener,
    accepted: first,
    onEvent,
    ...upstream,
    ...(external && { external }),
    ...(credential && { credential }),
  });
  if (stack.disposed) return await proxy.close();
  side.trace?.mark("first connection served");
  stack.use(proxy);
}
