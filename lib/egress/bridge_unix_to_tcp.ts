import { bufferShare } from "./buffer_share.ts";
import { close } from "./close.ts";
import { listenUnix } from "./listen_unix.ts";
import { NO_CLOCKS, relay } from "./relay.ts";
import { Slots } from "./slots.ts";
import { Work } from "./work.ts";

const MOST_CONNECTIONS = 512;
/** For the buffers of all connections together; each has two. */
const BUFFER_BUDGET = 8 * 1024 * 1024;
/** Pause of the accept loop when there are no descriptors left. */
const ACCEPT_PAUSE_MS = 50;

/** Leads connections of a unix socket to a TCP port of the host's loopback, byte for byte. */
export class UnixToTcpBridge implements AsyncDisposable {
  readonly #port: number;
  readonly #slots: Slots;
  readonly #closing = new AbortController();
  readonly #serving = new Work();
  readonly #listeners = new Set<Deno.Listener>();

  /**
   * @param port Port on 127.0.0.1
   * @param mostConnections So many at once; the rest wait in the backlog. 512 unless given
   */
  constructor(port: number, mostConnections = MOST_CONNECTIONS) {
    this.#port = port;
    this.#slots = new Slots(mostConnections);
  }

  /**
   * Accepts connections in the background until the bridge or the listener is closed.
   *
   * @param accepted A connection that the listener has accepted already
   */
  serve(listener: Deno.Listener, accepted?: Deno.Conn): void {
    this.#listeners.add(listener);
    this.#serving.add(this.#accept(listener, accepted));
  }

  /** Stops listening and ends every connection. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const listener of this.#listeners) close(listener);
    await this.#serving.done();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #accept(listener: Deno.Listener, accepted: Deno.Conn | undefined): Promise<void> {
    let waiting = accepted;
    while (!this.#closing.signal.aborted) {
      let release: () => void = () => {};
      try {
        release = await this.#slots.acquire(this.#closing.signal);
        const connection = waiting ?? await listener.accept();
        waiting = undefined;
        this.#serving.add(this.#carry(connection).finally(release));
      } catch (error) {
        release();
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) break;
        if (!this.#closing.signal.aborted) {
          await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
        }
      }
    }
    if (waiting !== undefined) close(waiting);
    this.#listeners.delete(listener);
  }

  async #carry(client: Deno.Conn): Promise<void> {
    try {
      const { signal } = this.#closing;
      const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#port, signal });
      const bufferLimit = () => bufferShare(BUFFER_BUDGET, this.#slots.used);
      // The proxy behind it is the one that keeps time.
      await relay(client, server, { ...NO_CLOCKS, bufferLimit, signal });
    } catch {
      // Nobody listens there: this connection fails, the others do not.
      close(client);
    }
  }
}

/**
 * The host half of the bridge: listens on a unix socket and leads each connection to 127.0.0.1:port.
 *
 * @param path Where the socket is to stand; a stale one is replaced
 * @param port Port on 127.0.0.1
 * @returns Removes the socket and ends every connection when disposed
 * @throws {TomboloError} Where the socket cannot be made
 *
 * @example
 * ```ts ignore
 * await using bridge = await bridgeUnixToTcp("/run/user/1000/proxy.sock", 3128);
 * ```
 */
export async function bridgeUnixToTcp(path: string, port: number): Promise<AsyncDisposable> {
  const socket = await listenUnix(path);
  const bridge = new UnixToTcpBridge(port);
  bridge.serve(socket.listener);
  return {
    async [Symbol.asyncDispose]() {
      socket[Symbol.dispose]();
      await bridge.close();
    },
  };
}
