const BRIDGE = 0x62; // "b"

/** What a {@linkcode FakeGateway} does with the bridge's connections, after the rendezvous. */
export type Serve = (connection: Deno.Conn) => Promise<void>;

/** The host side of the bridge: makes the rendezvous, then hands every connection to a function. */
export class FakeGateway implements AsyncDisposable {
  readonly path: string;
  readonly #directory: string;
  readonly #listener: Deno.UnixListener;
  readonly #done: Promise<void>;

  private constructor(directory: string, serve: Serve | "hang up") {
    this.#directory = directory;
    this.path = `${directory}/gateway.sock`;
    this.#listener = Deno.listen({ transport: "unix", path: this.path });
    this.#done = this.#run(serve);
  }

  /** Listens; `hang up` closes the first connection without an answer. */
  static async create(serve: Serve | "hang up"): Promise<FakeGateway> {
    return new FakeGateway(await Deno.makeTempDir({ prefix: "tombolo-gateway." }), serve);
  }

  async #run(serve: Serve | "hang up"): Promise<void> {
    let isMet = false;
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      if (isMet && typeof serve !== "string") {
        serving.push(serve(connection));
        continue;
      }
      const greeting = new Uint8Array(1);
      await connection.read(greeting);
      isMet = greeting[0] === BRIDGE && serve !== "hang up";
      if (isMet) await connection.write(greeting);
      connection.close();
    }
    await Promise.all(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
    await Deno.remove(this.#directory, { recursive: true });
  }
}
