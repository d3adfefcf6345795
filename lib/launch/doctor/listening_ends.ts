import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { close } from "../../egress/close.ts";

const LOOPBACK = "127.0.0.1";

/** What only this process sends. */
const OWN = crypto.getRandomValues(new Uint8Array(16));

function isOwn(bytes: Uint8Array): boolean {
  return bytes.length === OWN.length && bytes.every((byte, index) => byte === OWN[index]);
}

/** Sockets of the host that nothing inside may reach, and which of them were reached. */
export class ListeningEnds implements Disposable {
  readonly #tcp = Deno.listen({ hostname: LOOPBACK, port: 0 });
  readonly #unix: Deno.UnixListener;

  private constructor(private readonly path: string, private readonly udp: Socket) {
    this.#unix = Deno.listen({ transport: "unix", path });
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

  /** Asked once everything inside has ended: what comes before our own is not ours. */
  async reached(): Promise<("tcp" | "udp" | "unix-socket")[]> {
    const answers = [
      ["tcp", await this.#tcpReached()],
      ["udp", await this.#udpReached()],
      ["unix-socket", await this.#unixReached()],
    ] as const;
    return answers.filter(([, reached]) => reached).map(([id]) => id);
  }

  // Connections are taken in the order in which they were made.
  async #tcpReached(): Promise<boolean> {
    using own = await Deno.connect({ hostname: LOOPBACK, port: this.tcpPort });
    using first = await this.#tcp.accept();
    return first.remoteAddr.port !== own.localAddr.port;
  }

  async #unixReached(): Promise<boolean> {
    using own = await Deno.connect({ transport: "unix", path: this.path });
    await own.write(OWN);
    using first = await this.#unix.accept();
    const buffer = new Uint8Array(OWN.length);
    const length = await first.read(buffer);
    return length !== OWN.length || !isOwn(buffer);
  }

  async #udpReached(): Promise<boolean> {
    const message = this.#firstMessage;
    this.udp.send(OWN, this.udpPort, LOOPBACK);
    return !isOwn(await message);
  }

  // Since the start: what came while nobody waited is not lost.
  readonly #firstMessage = new Promise<Uint8Array>((resolve) => {
    this.udp.once("message", (bytes) => resolve(new Uint8Array(bytes)));
  });

  [Symbol.dispose](): void {
    for (const end of [this.#tcp, this.udp, this.#unix]) close(end);
  }
}
