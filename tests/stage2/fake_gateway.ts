const BRIDGE = 0x62; // "b"
const LAUNCH = 0x6c; // "l"

/** What a {@linkcode FakeGateway} does with the bridge's connections, after the rendezvous. */
export type Serve = (connection: Deno.Conn) => Promise<void>;

async function readUpTo(connection: Deno.Conn, size: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = await connection.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  return buffer.subarray(0, length);
}

/** The host side of the bridge: makes the rendezvous, then hands every connection to a function. */
export class FakeGateway implements AsyncDisposable {
  readonly path: string;
  /** What the bridge sent first, once it has. */
  announcement: Uint8Array | undefined;
  readonly #directory: string;
  readonly #listener: Deno.UnixListener;
  readonly #done: Promise<void>;

  private constructor(directory: string, serve: Serve | "hang up on launch") {
    this.#directory = directory;
    this.path = `${directory}/gateway.sock`;
    this.#listener = Deno.listen({ transport: "unix", path: this.path });
    this.#done = this.#run(serve);
  }

  /** Listens; `hang up on launch` closes launch's connection without a port. */
  static async create(serve: Serve | "hang up on launch"): Promise<FakeGateway> {
    return new FakeGateway(await Deno.makeTempDir({ prefix: "tombolo-gateway." }), serve);
  }

  async #run(serve: Serve | "hang up on launch"): Promise<void> {
    let launch: Deno.Conn | undefined;
    const serving: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      const met = this.announcement !== undefined && launch !== undefined;
      if (met && typeof serve !== "string") {
        serving.push(serve(connection));
        continue;
      }
      const [greeting] = await readUpTo(connection, 1);
      if (greeting === BRIDGE) {
        this.announcement = await readUpTo(connection, 2);
        connection.close();
      } else if (greeting === LAUNCH && serve === "hang up on launch") connection.close();
      else if (greeting === LAUNCH) launch = connection;
      if (this.announcement !== undefined && launch !== undefined) {
        await launch.write(this.announcement);
        launch.close();
      }
    }
    await Promise.all(serving);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
    await Deno.remove(this.#directory, { recursive: true });
  }
}
