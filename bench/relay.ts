/**
 * Measures the way out, side by side over loopback: direct, a socat chain of the same shape, and tombolo's
 * inner relay with the gateway. Each hop is a process of its own, as in a real run.
 *
 *     deno run -A bench/relay.ts [--gib=1] [--connections=400]
 */
import { freePort, runGateway, runInner, socat, Stage, start } from "./parts.ts";

const BLOCK = 256 * 1024;
const ROUNDS = 3;
const BATCH = 50;

interface Way {
  readonly name: string;
  readonly port: number;
  /** Sent first, up to the end of an answer, where the way has a handshake. */
  readonly handshake?: string;
}

interface Result {
  readonly name: string;
  readonly gigabytesPerSecond: number;
  readonly median: number;
  readonly p99: number;
}

function option(name: string, fallback: number): number {
  const text = Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
  return text === undefined ? fallback : Number(text);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** The server: the first byte says `d` (then 8 bytes of length: download) or `p` (answer one byte). */
async function serve(connection: Deno.TcpConn): Promise<void> {
  try {
    connection.setNoDelay(true);
    const head = new Uint8Array(9);
    for (let have = 0; have < 9;) {
      const count = await connection.read(head.subarray(have));
      if (count === null) return;
      have += count;
      if (head[0] === 0x70) return await writeAll(connection, head.subarray(0, 1));
    }
    const block = new Uint8Array(BLOCK);
    for (let left = Number(new DataView(head.buffer).getBigUint64(1)); left > 0; left -= block.length) {
      await writeAll(connection, left < block.length ? block.subarray(0, left) : block);
    }
  } finally {
    connection.close();
  }
}

async function runServer(): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const connection of listener) serve(connection).catch(() => {});
}

async function open(way: Way): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: way.port });
  connection.setNoDelay(true);
  if (way.handshake === undefined) return connection;
  await writeAll(connection, new TextEncoder().encode(way.handshake));
  let answer = "";
  const buffer = new Uint8Array(1024);
  while (!answer.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`Cannot open a tunnel: the answer was ${JSON.stringify(answer)}`);
    answer += new TextDecoder().decode(buffer.subarray(0, count));
  }
  if (!answer.startsWith("HTTP/1.1 200")) throw new Error(`Cannot open a tunnel: ${answer}`);
  return connection;
}

/** Seconds that one download takes. */
async function download(way: Way, bytes: number): Promise<number> {
  using connection = await open(way);
  const head = new Uint8Array(9);
  head[0] = 0x64;
  new DataView(head.buffer).setBigUint64(1, BigInt(bytes));
  const begin = performance.now();
  await writeAll(connection, head);
  const buffer = new Uint8Array(BLOCK);
  for (let left = bytes; left > 0;) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error(`Cannot measure ${way.name}: ${left} bytes are missing`);
    left -= count;
  }
  return (performance.now() - begin) / 1000;
}

/** Milliseconds from the connect to the first byte of the server's answer. */
async function firstByte(way: Way): Promise<number> {
  const begin = performance.now();
  using connection = await open(way);
  await writeAll(connection, Uint8Array.of(0x70));
  if (await connection.read(new Uint8Array(1)) !== 1) {
    throw new Error(`Cannot measure ${way.name}: no answer`);
  }
  return performance.now() - begin;
}

/** Waits until a way works; its processes have only just been started. */
async function ready(way: Way): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await firstByte(way);
      return;
    } catch (error) {
      if (attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

async function measure(ways: readonly Way[], bytes: number, connections: number): Promise<Result[]> {
  const speeds = ways.map((): number[] => []);
  const delays = ways.map((): number[] => []);
  // Turn by turn, so that a slow moment of the machine hits all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, way] of ways.entries()) speeds[i]?.push(bytes / await download(way, bytes) / 1e9);
  }
  // In batches: what a way leaves behind, such as a process that ends, should burden the way itself.
  for (let done = 0; done < connections; done += BATCH) {
    for (const [i, way] of ways.entries()) {
      for (let turn = 0; turn < BATCH; turn++) delays[i]?.push(await firstByte(way));
    }
  }
  return ways.map(({ name }, i) => {
    const sorted = (delays[i] ?? []).toSorted((a, b) => a - b);
    return {
      name,
      gigabytesPerSecond: quantile((speeds[i] ?? []).toSorted((a, b) => a - b), 0.5),
      median: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
    };
  });
}

function table(results: readonly Result[]): string {
  const base = results.find(({ name }) => name === "socat chain");
  const ratio = (value: number, other: number | undefined) => (value / (other ?? NaN)).toFixed(2);
  return [
    "| way | GB/s | ratio | connect + first byte, median ms | ratio | p99 ms | ratio |",
    "|---|---|---|---|---|---|---|",
    ...results.map(({ name, gigabytesPerSecond, median, p99 }) =>
      `| ${name} | ${gigabytesPerSecond.toFixed(2)} | ${
        ratio(gigabytesPerSecond, base?.gigabytesPerSecond)
      } | ${median.toFixed(2)} | ${ratio(median, base?.median)} | ${p99.toFixed(2)} | ${
        ratio(p99, base?.p99)
      } |`
    ),
  ].join("\n");
}

async function main(): Promise<void> {
  await using stage = await Stage.open();
  const { directory } = stage;
  const server = await start(import.meta.filename, "server");
  const gateway = await start(import.meta.filename, "gateway", `${directory}/gateway.sock`);
  const inner = await start(import.meta.filename, "inner", `${directory}/gateway.sock`);
  const chain = freePort();
  stage.add(server.child, gateway.child, inner.child);
  stage.add(socat(`UNIX-LISTEN:${directory}/socat.sock,fork`, `TCP:127.0.0.1:${server.port},nodelay`));
  stage.add(
    socat(
      `TCP-LISTEN:${chain},bind=127.0.0.1,fork,reuseaddr,nodelay`,
      `UNIX-CONNECT:${directory}/socat.sock`,
    ),
  );
  const wide = freePort();
  const block = ["-b", String(BLOCK)];
  stage.add(
    socat(...block, `UNIX-LISTEN:${directory}/wide.sock,fork`, `TCP:127.0.0.1:${server.port},nodelay`),
  );
  stage.add(
    socat(
      ...block,
      `TCP-LISTEN:${wide},bind=127.0.0.1,fork,reuseaddr,nodelay`,
      `UNIX-CONNECT:${directory}/wide.sock`,
    ),
  );
  const ways: Way[] = [
    { name: "direct", port: server.port },
    { name: "socat chain", port: chain },
    { name: "socat chain, 256 KiB blocks", port: wide },
    { name: "tombolo", port: inner.port, handshake: `CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\n\r\n` },
  ];
  for (const way of ways) await ready(way);
  console.log(
    table(await measure(ways, Math.round(option("gib", 1) * 2 ** 30), option("connections", 400))),
  );
}

if (import.meta.main) {
  const [part, path = ""] = Deno.args;
  if (part === "server") await runServer();
  else if (part === "gateway") runGateway(path);
  else if (part === "inner") await runInner(path);
  else await main();
}
