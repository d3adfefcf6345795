import type { HostPort } from "../host/host_port.ts";
import type { ProxyUrl } from "../host/proxy_url.ts";
import { decideHost, type HostDecision } from "../policy/decide_host.ts";
import { decideOpening, type TunnelOpening } from "../policy/decide_opening.ts";
import type { EventSink } from "../report/event.ts";
import { Attempt, type Outcome, recordNet, type Via } from "./attempt.ts";
import { ByteReader } from "./byte_reader.ts";
import { close } from "./close.ts";
import { dial, type Dialed, DialError, type DialOptions } from "./dial.ts";
import { IdleConnections } from "./idle_connections.ts";
import type { Slots } from "./slots.ts";

export type { Outcome, Via } from "./attempt.ts";

/** The proxy that leads to a host; undefined where it is dialed directly. */
export type Route = (target: HostPort, via: Via) => ProxyUrl | undefined;

/** An allowed connection. Whoever opened it calls `finish` once, when it has ended. */
export interface Passage extends Dialed {
  readonly reader: ByteReader;
  /** Whether an earlier plain request has used it: the server may be closing it. */
  readonly reused: boolean;
  /** Decides whether a tunnel may go on, by what its client says first. */
  readonly decideOpening: (opening: TunnelOpening) => HostDecision;
  /**
   * Gives the slot back and records the event with its byte counts; no event for a connection that was reused in vain.
   *
   * @param keep Whether the connection can take another plain request; otherwise the caller closes it
   */
  readonly finish: (outcome: Outcome | undefined, keep?: boolean) => void;
}

/** What a plain request needs of its connection. */
export interface PlainNeeds {
  /** A connection will do that an earlier plain request has used. */
  readonly reuse?: boolean;
  /** It may switch protocols, which must happen at the server: a proxy in between only makes a tunnel. */
  readonly tunnel?: boolean;
}

/** What a guarded dialer needs from outside. */
export interface GuardedDialerOptions extends DialOptions {
  readonly onEvent: EventSink;
  readonly slots: Slots;
  readonly signal: AbortSignal;
  /** Everything is dialed directly unless given. */
  readonly route?: Route;
}

/** Decides, dials and records: the one way from the gateway's protocols to the network. */
export class GuardedDialer {
  readonly #options: GuardedDialerOptions;
  readonly #idle = new IdleConnections();
  readonly #open = new Set<Deno.Conn>();

  constructor(options: GuardedDialerOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", () => {
      this.#idle[Symbol.dispose]();
      for (const connection of this.#open) close(connection);
    }, { once: true });
  }

  /**
   * Opens a connection to a host, if the policy allows it.
   *
   * @param target The host that a client asked for
   * @param via How it asked
   * @param needs What a plain request needs besides
   * @throws {DialError} When the policy refuses or nothing answers; recorded already
   */
  async open(target: HostPort, via: Via, needs: PlainNeeds = {}): Promise<Passage> {
    const { policy, slots, signal, route, onEvent } = this.#options;
    const decision = decideHost(policy, target);
    const attempt = new Attempt(onEvent, target, via, route?.(target, via), decision);
    try {
      if (!decision.allowed) throw new DialError("denied", decision.reason, decision);
      attempt.release = await slots.acquire(signal);
      return await this.#connect(attempt, needs);
    } catch (error) {
      const failed = error instanceof DialError
        ? error
        : new DialError("aborted", abortReason(error, signal));
      attempt.fail(failed);
      throw failed;
    }
  }

  async #connect(attempt: Attempt, { reuse = false, tunnel = false }: PlainNeeds): Promise<Passage> {
    const { target } = attempt;
    const key = target.toString();
    const parked = reuse ? this.#idle.take(key) : undefined;
    const dialed = parked ?? await this.#dial(attempt, tunnel);
    const reader = parked?.reader ?? new ByteReader(dialed.connection);
    this.#open.add(dialed.connection);
    return {
      ...dialed,
      reader,
      reused: parked !== undefined,
      decideOpening: (opening) => decideOpening(this.#options.policy, target, opening),
      finish: (outcome, keep = false) => {
        this.#open.delete(dialed.connection);
        if (outcome === undefined) attempt.release();
        else attempt.end({ ...outcome, ...(dialed.address && { address: dialed.address.toString() }) });
        if (keep) this.#idle.park(key, { ...dialed, reader });
      },
    };
  }

  async #dial({ target, via, proxy }: Attempt, tunnel: boolean): Promise<Dialed> {
    if (proxy === undefined) return await dial(target, this.#options);
    const { dialThrough } = await import("./upstream/dial_through.ts");
    return await dialThrough(proxy, target, via, this.#options, tunnel);
  }

  /** Records a target that could not even be parsed. */
  refuse(target: string, reason: string): void {
    recordNet(this.#options.onEvent, target, { allowed: false, reason });
  }
}

/** A missing permission, above all, must not pass for an orderly end. */
function abortReason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "the gateway is closing";
  return error instanceof Error ? error.message : String(error);
}
