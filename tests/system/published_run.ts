import { type Box, fixture, type Running, until } from "./tombolo.ts";

const SERVER = fixture(import.meta.dirname, "echo_server.py");

/** A run whose published ports are known: tombolo says them on stderr, which goes to a file meanwhile. */
export class PublishedRun {
  private constructor(readonly run: Running, readonly ports: readonly number[], readonly said: string) {}

  /** Starts a run and waits until tombolo has said what is published. */
  static async start(box: Box, flags: readonly string[], command: readonly string[]): Promise<PublishedRun> {
    const log = `${crypto.randomUUID()}.log`;
    const run = box.start(flags, command, { before: `exec 2>"${box.root}/${log}"`, ownGroup: true });
    const count = flags.filter((flag) => flag.startsWith("--publish=")).length;
    const lines = async () => [...(await box.read(log) ?? "").matchAll(/ published \S+:(\d+) -> .*\n/g)];
    await until(async () => (await lines()).length === count, "published ports");
    return new PublishedRun(run, (await lines()).map(([, port]) => Number(port)), await box.read(log) ?? "");
  }

  /** As `start`, with a server inside that sends back what comes; waits until it listens. */
  static async withServer(
    box: Box,
    flags: readonly string[],
    addresses: readonly string[] = ["127.0.0.1:3000"],
  ): Promise<PublishedRun> {
    const published = await PublishedRun.start(box, flags, ["python3", SERVER, ...addresses]);
    for (const _ of addresses) await published.run.line();
    return published;
  }

  get port(): number {
    return this.ports[0] ?? 0;
  }

  async end(): Promise<Deno.CommandStatus> {
    this.run.kill("SIGTERM");
    return await this.run.status();
  }
}

/** Sends bytes to a port of the host, half-closes, and reads all that comes back; undefined where nobody listens. */
export async function exchange(
  port: number,
  bytes: Uint8Array,
  hostname = "127.0.0.1",
): Promise<Uint8Array | undefined> {
  const connection = await Deno.connect({ hostname, port }).catch(() => undefined);
  if (connection === undefined) return undefined;
  const send = async () => {
    for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
    await connection.closeWrite();
  };
  // Where the other side hangs up, there is nothing more to send.
  const sent = send().catch(() => {});
  const received = await readAll(connection);
  await sent;
  connection.close();
  return received;
}

/** Reads to the end of a connection, be it a reset. */
async function readAll(connection: Deno.Conn): Promise<Uint8Array> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const buffer = new Uint8Array(256 * 1024);
  for (;;) {
    const count = await connection.read(buffer).catch(() => null);
    if (count === null) return new Uint8Array(await new Blob(chunks).arrayBuffer());
    chunks.push(buffer.slice(0, count));
  }
}
