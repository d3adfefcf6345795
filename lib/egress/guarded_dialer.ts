import type { HostPort } from "../host/host_port.ts";
import { decideHost, type HostDecision } from "../policy/decide_host.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import { dial, type Dialed, DialError, type DialOptions } from "./dial.ts";
import type { Slots } from "./slots.ts";

/** How a client asked. */
export type Via = "connect" | "http" | "socks5";

/** What is known at the end of a connection, for its event. */
export interface Outcome {
  readonly sent: number;
  readonly received: number;
  readonly ended?: string;
}

/** An allowed connection. Whoever opened it calls `finish` once, when it has ended. */
export interface Passage extends Dialed {
  /** Gives the slot back and records the allow event with its byte counts. */
  readonly finish: (outcome: Outcome) => void;
}

/** What a guarded dialer needs from outside. */
export interface GuardedDialerOptions extends DialOptions {
  readonly onEvent: EventSink;
  readonly slots: Slots;
  readonly signal: AbortSignal;
}

/** Decides, dials and records: the one way from the gateway's protocols to the network. */
export class GuardedDialer {
  readonly #options: GuardedDialerOptions;

  constructor(options: GuardedDialerOptions) {
    this.#options = options;
  }

  /**
   * Opens a connection to a host, if the policy allows it.
   *
   * @param target The host that a client asked for
   * @param via How it asked
   * @throws {DialError} When the policy refuses or nothing answers; recorded already
   */
  async open(target: HostPort, via: Via): Promise<Passage> {
    const { policy, slots, signal } = this.#options;
    const start = performance.now();
    const decision = decideHost(policy, target);
    if (!decision.allowed) {
      this.#record(target.toString(), decision);
      throw new DialError("denied", decision.reason, decision);
    }
    let release = () => {};
    const end = (detail: NonNullable<DecisionEvent["detail"]>) => {
      release();
      this.#record(target.toString(), decision, {
        via,
        ...detail,
        duration: Math.round(performance.now() - start),
      });
    };
    try {
      release = await slots.acquire(signal);
      const { connection, address } = await dial(target, this.#options);
      const finish = (outcome: Outcome) => end({ ...outcome, address: address.toString() });
      return { connection, address, finish };
    } catch (error) {
      const failed = error instanceof DialError
        ? error
        : new DialError("aborted", abortReason(error, signal));
      if (failed.decision === undefined) {
        end({ sent: 0, received: 0, error: failed.message });
      } else {
        release();
        this.#record(target.toString(), failed.decision);
      }
      throw failed;
    }
  }

  /** Records a target that could not even be parsed. */
  refuse(target: string, reason: string): void {
    this.#record(target, { allowed: false, reason });
  }

  #record(target: string, decision: HostDecision, detail?: DecisionEvent["detail"]): void {
    this.#options.onEvent({
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
}

/** A missing permission, above all, must not pass for an orderly end. */
function abortReason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "the gateway is closing";
  return error instanceof Error ? error.message : String(error);
}
