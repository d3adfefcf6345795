import { bufferShare } from "../egress/buffer_share.ts";
import { close } from "../egress/close.ts";
import { NO_CLOCKS, relay } from "../egress/relay.ts";
import { Slots } from "../egress/slots.ts";
import { Work } from "../egress/work.ts";
import type { PublishRule } from "../policy/net_policy.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import type { Voice } from "../report/voice.ts";
import { InboundChannel, InboundError } from "./inbound_channel.ts";
import { PublishedPort, socketName } from "./published_port.ts";

const MOST_CONNECTIONS = 512;
/** Memory for the buffers of all connections together; each has two. */
const BUFFER_BUDGET = 8 * 1024 * 1024;
/** Pause of an accept loop when there are no descriptors left. */
const ACCEPT_PAUSE_MS = 50;
const GRACE_MS = 500;

/** What publishing needs from outside. */
export interface PublisherOptions {
  readonly rules: readonly PublishRule[];
  /** Where the socket for the bridge is made. */
  readonly path: string;
  /** Takes one event for each connection, when it has ended. */
  readonly onEvent: EventSink;
  readonly voice: Pick<Voice, "say" | "warn">;
  /** Connections at once, to all ports; 512 unless given. The rest wait in the queues of the listeners. */
  readonly connections?: number;
  /** Milliseconds at the end for what the sandbox has sent to reach its clients; 500 unless given. */
  readonly grace?: number;
}

/** Lets the host reach ports of a sandbox: listens, and leads every connection to the bridge inside. */
export class Publisher implements AsyncDisposable {
  readonly #bound: DisposableStack;
  readonly #channel: InboundChannel;
  readonly #onEvent: EventSink;
  readonly #slots: Slots;
  readonly #grace: number;
  readonly #closing = new AbortController();
  readonly #accepting: readonly Promise<void>[];
  readonly #live = new Work();

  /**
   * Binds every port, says so, and serves; who comes before the sandbox is up waits for it.
   *
   * @throws {TomboloError} naming the rule whose port cannot be bound; none is bound then
   */
  constructor(options: PublisherOptions) {
    using bound = new DisposableStack();
    const ports = options.rules.map((rule) => bound.use(PublishedPort.bind(rule)));
    this.#channel = bound.use(new InboundChannel(options.path));
    this.#bound = bound.move();
    this.#onEvent = options.onEvent;
    this.#slots = new Slots(options.connections ?? MOST_CONNECTIONS);
    this.#grace = options.grace ?? GRACE_MS;
    for (const port of ports) port.announce(options.voice);
    this.#accepting = ports.map((port) => this.#accept(port));
  }

  async #accept(port: PublishedPort): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const client = await port.listener.accept();
        const release = await this.#slots.acquire(signal).catch(() => undefined);
        if (release === undefined) return close(client);
        this.#live.add(this.#carry(client, port).finally(release));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        // Out of descriptors, or a client that went away in the queue: the others still want to be served.
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }

  async #carry(client: Deno.TcpConn, { name, rule }: PublishedPort): Promise<void> {
    const start = performance.now();
    const peer = socketName(client.remoteAddr);
    const outcome = await this.#lead(client, rule.innerPort);
    close(client);
    this.#onEvent({
      time: new Date().toISOString(),
      kind: "net",
      decision: "allow",
      target: name,
      rule: { text: rule.text, origin: rule.origin },
      reason: "published",
      detail: {
        via: "publish",
        peer,
        port: rule.innerPort,
        ...outcome,
        duration: Math.round(performance.now() - start),
      },
    });
  }

  async #lead(client: Deno.TcpConn, port: number): Promise<NonNullable<DecisionEvent["detail"]>> {
    try {
      const inner = await this.#channel.reach(port);
      client.setKeepAlive(true);
      // As in other events, what leaves the sandbox is sent.
      const { aToB: received, bToA: sent, ended } = await relay(client, inner, {
        // A debugger at a breakpoint is silent for hours; the kernel asks whether the client is still there.
        ...NO_CLOCKS,
        bufferLimit: () => bufferShare(BUFFER_BUDGET, this.#live.size),
        signal: this.#closing.signal,
      });
      return { sent, received, ended };
    } catch (error) {
      if (!(error instanceof InboundError)) throw error;
      return { sent: 0, received: 0, error: error.message };
    }
  }

  /** Listens no more, lets what has been sent arrive, and closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#bound.dispose();
    await this.#live.doneWithin(this.#grace);
    this.#closing.abort();
    await Promise.all([this.#live.done(), ...this.#accepting]);
  }
}
