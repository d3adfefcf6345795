import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { close } from "../../egress/close.ts";

const LOOPBACK = "127.0.0.1";

/** Sockets of the host that nothing inside may reach. Who connects knows it; a datagram has to be seen here. */
export class ListeningEnds implements Disposable {
  readonly #tcp = Deno.listen({ hostname: LOOPBACK, port: 0 });
  readonly #unix: Deno.UnixListener;
  readonly #datagrams: string[] = [];

  private constructor(path: string, private readonly udp: Socket) {
    this.#unix = Deno.listen({ transport: "unix", path });
    udp.on("message", (bytes) => this.#datagrams.push(bytes.toString("latin1")));
  }

  /** @param path Where the unix socket is to be */
  static async open(path: string): Promise<ListeningEnds> {
    // The runtime's own datagrams are not stable yet.
    const udp = createSocket("udp4");
    udp.bind(0, LOOPBACK);
    await once(udp, "listening");
    return new ListeningEnds(path, udp);
  }

  get tcpPort(): number {
    return this.#tcp.addr.port;
  }

  get udpPort(): number {
    return this.udp.address().port;
  }

  /** Whether a datagram of this text has come; asked once everything inside has ended. */
  async received(text: string): Promise<boolean> {
    // What was sent before comes before our own.
    const own = crypto.randomUUID();
    this.udp.send(own, this.udpPort, LOOPBACK);
    while (!this.#datagrams.includes(own)) await once(this.udp, "message");
    return this.#datagrams.includes(text);
  }

  [Symbol.dispose](): void {
    for (const end of [this.#tcp, this.udp, this.#unix]) close(end);
  }
}
