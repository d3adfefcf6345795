/** Runs a program for each connection to a loopback port, with the connection as its stdin and stdout, as inetd does. */
export class InetServer implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.ChildProcess>();
  readonly #done: Promise<void>;
  /** How many connections have come. */
  accepted = 0;

  constructor(private readonly command: readonly string[]) {
    this.#done = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    const serving: Promise<unknown>[] = [];
    for await (const connection of this.#listener) {
      this.accepted++;
      serving.push(this.#serve(connection));
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const [program = "", ...args] = this.command;
    const child = new Deno.Command(program, { args, stdin: "piped", stdout: "piped", stderr: "null" })
      .spawn();
    this.#open.add(child);
    // Either side may end first, and break the other's pipe.
    await Promise.allSettled([
      connection.readable.pipeTo(child.stdin),
      child.stdout.pipeTo(connection.writable),
      child.status,
    ]);
    this.#open.delete(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const child of this.#open) child.kill("SIGKILL");
    await this.#done;
  }
}
