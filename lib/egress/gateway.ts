import type { IpAddress } from "../host/ip_address.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { EventSink } from "../report/event.ts";
import { bufferShare } from "./buffer_share.ts";
import { ByteReader } from "./byte_reader.ts";
import { type Client, type GatewayLimits, HandshakeClock } from "./client.ts";
import { close } from "./close.ts";
import type { Connect } from "./dial.ts";
import { GuardedDialer, type Route } from "./guarded_dialer.ts";
import { serveHttp } from "./http.ts";
import { lingeringClose } from "./lingering_close.ts";
import type { ListenerCredential } from "./listener_credential.ts";
import { ownAddresses } from "./own_addresses.ts";
import { type Resolver, systemResolver } from "./resolve.ts";
import { Slots } from "./slots.ts";
import { serveSocks5, SOCKS5_VERSION } from "./socks5.ts";
import { WaitingClients } from "./waiting_clients.ts";
import { Watchdog } from "./watchdog.ts";
import { Work } from "./work.ts";

export type { GatewayLimits } from "./client.ts";

const DEFAULT_LIMITS: GatewayLimits = {
  header: 8 * 1024,
  handshake: 10_000,
  dial: 10_000,
  // Below what the bridge inside carries at once, so that here it is decided who has to go.
  clients: 1000,
  tunnels: 512,
  idle: 300_000,
  total: 24 * 60 * 60 * 1000,
};
/** Memory for the buffers of all relays together; one relay has two, and none goes below 16 KiB. */
const RELAY_MEMORY = 8 * 1024 * 1024;
/** Pause of the accept loop when there are no descriptors left. */
const ACCEPT_PAUSE_MS = 50;
const NOT_A_PROTOCOL = "HTTP/1.1 400 Bad Request\r\nProxy-Status: tombolo; error=http_request_error\r\n" +
  "Content-Length: 0\r\nConnection: close\r\n\r\n";

/** What a gateway needs from outside. */
export interface GatewayOptions {
  readonly policy: NetPolicy;
  /** Takes one event for each decision: a denial at once, an allowed connection when it has ended. */
  readonly onEvent: EventSink;
  /** The system's resolver unless given. */
  readonly resolver?: Resolver;
  readonly connect?: Connect;
  /** This host's addresses; read from its interfaces for each dial unless given. */
  readonly ownAddresses?: () => readonly IpAddress[];
  readonly limits?: Partial<GatewayLimits>;
  /** Which proxy leads to a host; everything is dialed directly unless given. */
  readonly route?: Route;
  /** Certificates (PEM) that are trusted beside the runtime's own, for a proxy that is spoken to over TLS. */
  readonly caCerts?: readonly string[];
}

/** How a listener is served. */
export interface ServeOptions {
  /** A connection that it has accepted already. */
  readonly accepted?: Deno.Conn;
  /** Asked of every client; a unix socket that only this user can reach needs none. */
  readonly credential?: ListenerCredential;
  /** Takes the events of this listener's clients; where those of the whole gateway go unless given. */
  readonly onEvent?: EventSink;
}

/** A listener that is being served. */
export interface Served extends AsyncDisposable {
  /**
   * Stops listening, lets open connections end by themselves for a while, then closes them.
   *
   * @param graceMs How long; not at all unless given
   */
  close(graceMs?: number): Promise<void>;
}

/** What all listeners of a gateway share. */
interface Shared {
  readonly limits: GatewayLimits;
  readonly slots: Slots;
  readonly bufferLimit: () => number;
}

/** One listener and its clients. They share no connection to the outside with those of another. */
class Service implements Served {
  readonly #closing = new AbortController();
  readonly #serving = new Work();
  readonly #connections = new Set<Deno.Conn>();
  readonly #waiting = new WaitingClients();
  readonly #clients: Slots;
  readonly #dialer: GuardedDialer;

  constructor(
    private readonly listener: Deno.Listener,
    private readonly shared: Shared,
    private readonly credential: ListenerCredential | undefined,
    dialer: (signal: AbortSignal) => GuardedDialer,
  ) {
    this.#clients = new Slots(shared.limits.clients);
    this.#dialer = dialer(this.#closing.signal);
  }

  /** Accepts connections until it is closed, or the listener is. */
  start(accepted: Deno.Conn | undefined): void {
    this.#serving.add(this.#accept(accepted));
  }

  async close(graceMs = 0): Promise<void> {
    close(this.listener);
    if (graceMs > 0) await this.#serving.doneWithin(graceMs);
    this.#closing.abort();
    for (const connection of this.#connections) close(connection);
    await this.#serving.done();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(accepted: Deno.Conn | undefined): Promise<void> {
    for (let first = accepted; !this.#closing.signal.aborted; first = undefined) {
      try {
        const connection = first ?? await this.listener.accept();
        // Meanwhile the others wait in the listener's backlog.
        this.#serving.add(this.#handle(connection, await this.#room(connection)));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) break;
        // Out of descriptors, or a client that went away in the queue: the others still want to be served.
        if (!this.#closing.signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
        }
      }
    }
  }

  async #handle(connection: Deno.Conn, leave: () => void): Promise<void> {
    const { limits, bufferLimit } = this.shared;
    using handshake = new HandshakeClock(limits.handshake, () => close(connection), this.#waiting);
    using idle = new Watchdog();
    handshake.start();
    try {
      await serveFirstByte({
        connection,
        reader: new ByteReader(connection),
        dialer: this.#dialer,
        limits,
        ...(this.credential === undefined ? {} : { credential: this.credential }),
        handshake,
        idle,
        bufferLimit,
        signal: this.#closing.signal,
      });
      await lingeringClose(connection, idle);
    } catch {
      // The client went away or took too long; whatever was worth saying has been said.
    } finally {
      close(connection);
      leave();
    }
  }

  /** Makes room for a connection: the one that has waited longest for a request goes; where all are busy, the first to wait. */
  async #room(connection: Deno.Conn): Promise<() => void> {
    this.#connections.add(connection);
    const found = this.#clients.used < this.shared.limits.clients ? () => {} : this.#waiting.needPlace();
    try {
      const leave = await this.#clients.acquire(this.#closing.signal);
      return () => {
        leave();
        this.#connections.delete(connection);
      };
    } catch (error) {
      close(connection);
      throw error;
    } finally {
      found();
    }
  }
}

/**
 * The egress proxy: HTTP CONNECT, plain HTTP and SOCKS5 on one listener. It alone decides what leaves.
 *
 * It may serve many listeners: the limit of clients is each one's own, those of tunnels and of memory are common.
 */
export class Gateway implements AsyncDisposable {
  readonly #shared: Shared;
  readonly #services = new Set<Service>();

  /**
   * Makes a gateway; it serves nothing yet.
   *
   * @example
   * ```ts ignore
   * await using gateway = new Gateway({ policy, onEvent: (event) => events.push(event) });
   * gateway.serve(Deno.listen({ transport: "unix", path }));
   * ```
   */
  constructor(private readonly options: GatewayOptions) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const slots = new Slots(limits.tunnels);
    this.#shared = { limits, slots, bufferLimit: () => bufferShare(RELAY_MEMORY, slots.used) };
  }

  /**
   * Accepts connections in the background until the gateway or the listener is closed.
   *
   * @param options What the listener has accepted already, what it asks its clients for, who hears of them
   * @returns Closes this listener and its connections, and no other
   */
  serve(listener: Deno.Listener, options: ServeOptions = {}): Served {
    const { accepted, credential, onEvent = this.options.onEvent } = options;
    const dialer = (signal: AbortSignal) => this.#dialer(signal, onEvent);
    const service = new Service(listener, this.#shared, credential, dialer);
    this.#services.add(service);
    service.start(accepted);
    const close = async (graceMs?: number) => {
      await service.close(graceMs);
      this.#services.delete(service);
    };
    return { close, [Symbol.asyncDispose]: close };
  }

  /**
   * Stops listening, lets open connections end by themselves for a while, then closes them.
   *
   * @param graceMs How long; not at all unless given
   */
  async close(graceMs = 0): Promise<void> {
    await Promise.all(Array.from(this.#services, (service) => service.close(graceMs)));
    this.#services.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #dialer(signal: AbortSignal, onEvent: EventSink): GuardedDialer {
    const { options } = this;
    const { limits, slots } = this.#shared;
    return new GuardedDialer({
      policy: options.policy,
      resolver: options.resolver ?? systemResolver,
      ownAddresses: options.ownAddresses ?? ownAddresses,
      onEvent,
      slots,
      signal,
      resolveTimeout: limits.dial,
      connectTimeout: limits.dial,
      ...(options.connect === undefined ? {} : { connect: options.connect }),
      ...(options.route === undefined ? {} : { route: options.route }),
      ...(options.caCerts === undefined ? {} : { caCerts: options.caCerts }),
    });
  }
}

/** The first byte tells the protocols apart. */
async function serveFirstByte(client: Client): Promise<void> {
  if (!(await client.reader.fill(client.handshake))) return;
  const first = client.reader.buffered[0] ?? 0;
  if (first === SOCKS5_VERSION) return await serveSocks5(client);
  if (first >= 0x41 && first <= 0x5a) return await serveHttp(client);
  await client.connection.write(new TextEncoder().encode(NOT_A_PROTOCOL));
}
