import type { HostPort } from "../host/host_port.ts";
import type { ProxyUrl } from "../host/proxy_url.ts";
import type { HostDecision } from "../policy/decide_host.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import type { DialError } from "./dial.ts";

/** How a client asked. */
export type Via = "connect" | "http" | "socks5";

/** What is known at the end of a connection, for its event. */
export interface Outcome {
  readonly sent: number;
  readonly received: number;
  readonly ended?: string;
  /** The server name of the TLS handshake, as the client wrote it. */
  readonly serverName?: string;
  /** Set where the tunnel was refused after it had been opened: the event then says so. */
  readonly refusal?: HostDecision;
}

/** Records a decision about the network. */
export function recordNet(
  onEvent: EventSink,
  target: string,
  decision: HostDecision,
  detail?: DecisionEvent["detail"],
): void {
  onEvent({
    time: new Date().toISOString(),
    kind: "net",
    decision: decision.allowed ? "allow" : "deny",
    target,
    reason: decision.reason,
    ...(decision.rule === undefined ? {} : { rule: decision.rule }),
    ...(decision.suggestion === undefined ? {} : { suggestion: decision.suggestion }),
    ...(detail === undefined ? {} : { detail }),
  });
}

/** What a client asks for, from the decision to the event that tells of its end. */
export class Attempt {
  /** Gives its slot back. */
  release: () => void = () => {};
  readonly #start = performance.now();

  constructor(
    private readonly onEvent: EventSink,
    readonly target: HostPort,
    readonly via: Via,
    readonly proxy: ProxyUrl | undefined,
    private readonly decision: HostDecision,
  ) {}

  /** Records how it went. */
  end({ refusal = this.decision, ...outcome }: Outcome & { error?: string; address?: string }): void {
    this.release();
    recordNet(this.onEvent, this.target.toString(), refusal, {
      via: this.via,
      ...(this.proxy === undefined ? {} : { upstream: this.proxy.toString() }),
      ...outcome,
      duration: Math.round(performance.now() - this.#start),
    });
  }

  /** Records that the policy refused it, or that nothing answered. */
  fail(error: DialError): void {
    if (error.decision === undefined) return this.end({ sent: 0, received: 0, error: error.message });
    this.release();
    recordNet(this.onEvent, this.target.toString(), error.decision);
  }
}
