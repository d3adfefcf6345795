import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

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
  visits = 0;

  private constructor(private readonly tcp: Server, private readonly udp: Socket) {
    tcp.on("connection", (connection) => {
      this.visits++;
      connection.destroy();
    });
    udp.on("message", () => this.visits++);
  }

  static async listen(): Promise<Listeners> {
    const tcp = createServer().listen(0, "127.0.0.1");
    const udp = createSocket("udp4").bind(0, "127.0.0.1");
    await Promise.all([once(tcp, "listening"), once(udp, "listening")]);
    return new Listeners(tcp, udp);
  }

  get ports(): readonly [tcp: string, udp: string] {
    const address = this.tcp.address();
    return [`${typeof address === "object" ? address?.port : 0}`, `${this.udp.address().port}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = [once(this.tcp, "close"), once(this.udp, "close")];
    this.tcp.close();
    this.udp.close();
    await Promise.all(closed);
  }
}
