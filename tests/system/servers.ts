/** A web server on the host's loopback that says what it was asked. */
export class WebServer implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly requests: string[] = [];

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const body = await request.text();
      this.requests.push(`${request.method} ${new URL(request.url).pathname} ${body.length}`);
      return new Response(`hello from ${request.headers.get("host")}\n`);
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** TCP and UDP listeners on the host's loopback that remember whether anybody came. */
export class Listeners implements AsyncDisposable {
  readonly #tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #udp = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  readonly #done: Promise<unknown>;
  visits = 0;

  constructor() {
    this.#done = Promise.all([this.#acceptAll(), this.#receiveAll()]);
  }

  async #acceptAll(): Promise<void> {
    for await (const connection of this.#tcp) {
      this.visits++;
      connection.close();
    }
  }

  async #receiveAll(): Promise<void> {
    for await (const _datagram of this.#udp) this.visits++;
  }

  get ports(): readonly [tcp: string, udp: string] {
    const address = this.#udp.addr;
    return [`${this.#tcp.addr.port}`, address.transport === "udp" ? `${address.port}` : "0"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tcp.close();
    this.#udp.close();
    await this.#done;
  }
}
