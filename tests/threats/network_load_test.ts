import assert from "node:assert/strict";
import { echoServer, TcpServer } from "../egress/fixtures/tcp_server.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { within } from "../system/tombolo.ts";

const MIB = 1024 * 1024;
const IDLE = 10_000;

/** A gateway in a process of its own, so that its memory can be told from the test's. */
class GatewayProcess implements AsyncDisposable {
  readonly #wires: Wire[] = [];

  private constructor(readonly child: Deno.ChildProcess, readonly directory: string) {}

  static async start(): Promise<GatewayProcess> {
    const directory = await Deno.makeTempDir({ prefix: "tombolo-load-" });
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-all",
        "--no-check",
        `${import.meta.dirname}/fixtures/gateway_process.ts`,
        `${directory}/gateway.sock`,
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    return new GatewayProcess(child, directory);
  }

  async connect(): Promise<Wire> {
    const wire = new Wire(await this.#dial());
    this.#wires.push(wire);
    return wire;
  }

  /** A full backlog refuses (EAGAIN, connect(2)); the gateway empties it as fast as it can. */
  async #dial(): Promise<Deno.UnixConn> {
    for (let attempt = 0;; attempt++) {
      try {
        return await Deno.connect({ transport: "unix", path: `${this.directory}/gateway.sock` });
      } catch (error) {
        if (!(error instanceof Deno.errors.WouldBlock) || attempt === 1000) throw error;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }
  }

  /** Opens a tunnel; the answer is awaited by the caller. */
  async ask(port: number): Promise<Wire> {
    const wire = await this.connect();
    await wire.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\n`);
    return wire;
  }

  async open(port: number): Promise<Wire> {
    const wire = await this.ask(port);
    assert.equal((await within(wire.response("CONNECT"), "the gateway's answer")).status, 200);
    return wire;
  }

  /** Resident memory in bytes (proc_pid_statm(5): the second field, in pages). */
  async memory(): Promise<number> {
    const text = await Deno.readTextFile(`/proc/${this.child.pid}/statm`);
    return Number(text.split(" ")[1]) * 4096;
  }

  descriptors(): number {
    return [...Deno.readDirSync(`/proc/${this.child.pid}/fd`)].length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    this.child.kill("SIGKILL");
    await this.child.status;
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function speak(wire: Wire, text: string): Promise<void> {
  await wire.send(text);
  assert.equal(await within(wire.exactly(text.length), "the echo"), text);
}

/** The hard limit of open files (proc_pid_limits(5)). */
function mostDescriptors(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits)?.[1];
  return hard === "unlimited" ? Infinity : Number(hard);
}

Deno.test({
  name: `N10: ${IDLE} silent clients cost neither the others their service nor the gateway its memory`,
  // The test holds the other end of each; where so many files cannot be open, nothing can be said.
  ignore: mostDescriptors() < IDLE + 1000,
  async fn() {
    await using server = echoServer();
    await using gateway = await GatewayProcess.start();
    const busy = await gateway.open(server.port);
    await speak(busy, "before");
    const silence = async (count: number) => {
      for (let done = 0; done < count; done += 500) {
        const wires = await Promise.all(Array.from({ length: 500 }, () => gateway.connect()));
        // Some of them begin a request and never end it.
        for (const wire of wires.slice(0, 100)) await wire.send("CONNECT 127").catch(() => {});
      }
    };
    await silence(IDLE / 2);
    const half = await gateway.memory();
    await silence(IDLE / 2);
    await speak(await gateway.open(server.port), "a new one");
    await speak(busy, "the old one");
    assert.ok(gateway.descriptors() < 1100, `${gateway.descriptors()} descriptors`);
    // What V8 has not collected yet is there, but it does not grow with the number of clients.
    const growth = await gateway.memory() - half;
    assert.ok(growth < 60 * MIB, `${Math.round(growth / MIB)} MiB more for the second half`);
  },
});

Deno.test("N10: 512 tunnels live at once, the next one waits for its turn, and denials never wait", async () => {
  await using server = echoServer();
  await using gateway = await GatewayProcess.start();
  const before = await gateway.memory();
  const tunnels: Wire[] = [];
  for (let i = 0; i < 512; i += 64) {
    tunnels.push(...await Promise.all(Array.from({ length: 64 }, () => gateway.open(server.port))));
  }
  await Promise.all(tunnels.map((wire, i) => speak(wire, `${i} ${"x".repeat(5000)}`)));
  const next = await gateway.ask(server.port);
  const denied = await gateway.connect();
  await denied.send("CONNECT example.com:443 HTTP/1.1\r\n\r\n");
  assert.equal((await within(denied.response(), "a denial")).status, 403);
  assert.equal(server.accepted, 512);
  await tunnels[100]?.endWriting();
  assert.equal((await within(next.response("CONNECT"), "the next tunnel")).status, 200);
  await speak(next, "my turn");
  const growth = await gateway.memory() - before;
  assert.ok(growth < 100 * MIB, `${Math.round(growth / MIB)} MiB more`);
});

Deno.test("N10: clients that never read from fast servers are not buffered for, and the others are served", async () => {
  let sent = 0;
  await using flood = new TcpServer(async (wire) => {
    const block = new Uint8Array(256 * 1024);
    for (;;) {
      await wire.send(block);
      sent += block.length;
    }
  });
  await using server = echoServer();
  await using gateway = await GatewayProcess.start();
  const before = await gateway.memory();
  const greedy = await Promise.all(Array.from({ length: 64 }, () => gateway.open(flood.port)));
  for (let turn = 0; turn < 100; turn++) await speak(await gateway.open(server.port), "served");
  const growth = await gateway.memory() - before;
  assert.ok(growth < 60 * MIB, `${Math.round(growth / MIB)} MiB more`);
  // All stand still, each with what sockets and buffers hold.
  assert.ok(sent < greedy.length * 12 * MIB, `${Math.round(sent / MIB)} MiB were taken`);
});

/** Reads so many bytes and forgets them. */
async function discard(connection: Deno.Conn, count: number): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let left = count; left > 0;) {
    const read = await within(connection.read(buffer.subarray(0, left)), "the bytes");
    assert.ok(read !== null, `the stream ended ${left} bytes early`);
    left -= read;
  }
}

Deno.test("N10: 1000 clients that have sent and received much, and stay, keep no buffers of that size", async () => {
  const body = new Uint8Array(200_000);
  const head = (lines: string) => `${lines}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const response = head("HTTP/1.1 200 OK");
  await using server: TcpServer = new TcpServer(async (wire) => {
    await discard(
      wire.connection,
      head(`POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}`).length + body.length,
    );
    await wire.send(response);
    await wire.send(body);
  });
  await using gateway = await GatewayProcess.start();
  const host = `127.0.0.1:${server.port}`;
  const exchange = async (count: number) => {
    for (let done = 0; done < count; done++) {
      const wire = await gateway.connect();
      await wire.send(head(`POST http://${host}/ HTTP/1.1\r\nHost: ${host}`));
      await wire.send(body);
      await discard(wire.connection, response.length + body.length);
    }
  };
  await exchange(100);
  const before = await gateway.memory();
  await exchange(900);
  const growth = await gateway.memory() - before;
  assert.ok(growth < 100 * MIB, `${Math.round(growth / MIB)} MiB more`);
});
