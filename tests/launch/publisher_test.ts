import assert from "node:assert/strict";
import { Publisher, type PublisherOptions } from "../../lib/launch/publisher.ts";
import type { PublishRule } from "../../lib/policy/net_policy.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { serveInbound } from "../../stage2/inbound.ts";
import { Traffic } from "../../stage2/traffic.ts";
import { ip } from "../egress/fixtures/net_policy.ts";
import { EventLog } from "../egress/fixtures/running_gateway.ts";
import { echoServer, TcpServer } from "../egress/fixtures/tcp_server.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { TempDirectory } from "./temp_directory.ts";

function publishRule(address: string, hostPort: number, innerPort: number): PublishRule {
  return {
    text: `${address}:${hostPort}:${innerPort}`,
    origin: "--publish",
    address: ip(address),
    hostPort,
    innerPort,
  };
}

/** Both halves in one process; what is said and what happens is kept. */
class Published implements AsyncDisposable {
  readonly #directory = new TempDirectory();
  readonly #publisher: Publisher;
  readonly #wires: Wire[] = [];
  #served: Promise<void> | undefined;
  readonly events = new EventLog();
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  readonly ports: number[] = [];

  constructor(readonly rules: readonly PublishRule[], options: Partial<PublisherOptions> = {}) {
    this.#publisher = new Publisher({
      rules,
      path: this.#directory.at("publish.sock"),
      onEvent: this.events.sink,
      voice: {
        say: (line, fields) => {
          this.lines.push(line);
          this.ports.push((fields?.["published"] as { port: number }).port);
        },
        warn: (line) => void this.warnings.push(line),
      },
      ...options,
    });
  }

  /** Starts the half that stands inside. */
  startInside(): this {
    const ports = new Set(this.rules.map(({ innerPort }) => innerPort));
    this.#served = serveInbound({ path: this.#directory.at("publish.sock"), ports, traffic: new Traffic() });
    return this;
  }

  async connect(index = 0, hostname = "127.0.0.1"): Promise<Wire> {
    const wire = new Wire(await Deno.connect({ hostname, port: this.ports[index] ?? 0 }));
    this.#wires.push(wire);
    return wire;
  }

  async close(): Promise<void> {
    await this.#publisher[Symbol.asyncDispose]();
    await this.#served;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await this.close();
    this.#directory[Symbol.dispose]();
  }
}

async function echoes(wire: Wire, text: string): Promise<void> {
  await wire.send(text);
  assert.equal(await wire.exactly(text.length), text);
}

Deno.test("each port leads to its own server, on the addresses that are named", async () => {
  await using one = new TcpServer((wire) => wire.send("one"));
  await using two = new TcpServer((wire) => wire.send("two"));
  await using published = new Published([
    publishRule("127.0.0.1", 0, one.port),
    publishRule("::1", 0, two.port),
  ]).startInside();
  assert.equal(await (await published.connect(0)).toEnd(), "one");
  assert.equal(await (await published.connect(1, "::1")).toEnd(), "two");
  assert.deepEqual(published.lines, [
    `published 127.0.0.1:${published.ports[0]} -> ${one.port}`,
    `published [::1]:${published.ports[1]} -> ${two.port}`,
  ]);
  assert.deepEqual(published.warnings, []);
});

Deno.test("an address that is not loopback is warned of", async () => {
  for (const address of ["0.0.0.0", "::"]) {
    await using published = new Published([publishRule(address, 0, 3000)]);
    const name = `${address === "::" ? "[::]" : address}:${published.ports[0]}`;
    assert.deepEqual(published.warnings, [`published port ${name} is reachable from other machines`]);
  }
});

Deno.test("a client that comes before the sandbox is up is served when it is", async () => {
  await using server = echoServer();
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)]);
  const wire = await published.connect();
  await wire.send("early");
  published.startInside();
  assert.equal(await wire.exactly(5), "early");
});

Deno.test("the event says what went where, as seen from the sandbox", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.exactly(5);
    await wire.send("an answer");
  });
  const rule = publishRule("127.0.0.1", 0, server.port);
  await using published = new Published([rule]).startInside();
  const wire = await published.connect();
  const { port: peerPort } = wire.connection.localAddr as Deno.NetAddr;
  await wire.send("hello");
  assert.equal(await wire.toEnd(), "an answer");
  wire[Symbol.dispose]();
  const { time, detail, ...rest } = await published.events.next();
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(rest, {
    kind: "net",
    decision: "allow",
    target: `127.0.0.1:${published.ports[0]}`,
    rule: { text: rule.text, origin: "--publish" },
    reason: "published",
  });
  assert.equal(typeof detail?.["duration"], "number");
  assert.deepEqual({ ...detail, duration: 0 }, {
    via: "publish",
    peer: `127.0.0.1:${peerPort}`,
    port: server.port,
    sent: 9,
    received: 5,
    ended: "eof",
    duration: 0,
  });
});

Deno.test("where nothing listens inside the client's connection is closed, and the event says so", async () => {
  await using published = new Published([publishRule("127.0.0.1", 0, 1)]).startInside();
  assert.equal(await (await published.connect()).toEnd(), "");
  const { detail } = await published.events.next();
  assert.deepEqual([detail?.["error"], detail?.["sent"]], ["nothing inside listens on port 1", 0]);
});

Deno.test("a port that is taken is an error that names it, and leaves the others free", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const spare = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const free = spare.addr.port;
  spare.close();
  const rules = [publishRule("127.0.0.1", free, 3000), publishRule("127.0.0.1", taken.addr.port, 3001)];
  assert.throws(
    () => new Published(rules),
    (error) =>
      error instanceof TomboloError && error.status === 125 &&
      error.message ===
        `Cannot publish "${rules[1]?.text}" (--publish): 127.0.0.1:${taken.addr.port} is in use`,
  );
  Deno.listen({ hostname: "127.0.0.1", port: free }).close();
});

Deno.test("an address that this host has not is an error", () => {
  // TEST-NET-1 (RFC 5737) belongs to nobody.
  assert.throws(
    () => new Published([publishRule("192.0.2.1", 0, 3000)]),
    /192\.0\.2\.1:0 is no address of this host/,
  );
});

Deno.test("as many connections as are meant to be are open at once; the rest wait and are served", async () => {
  let open = 0;
  let most = 0;
  await using server = new TcpServer(async (wire) => {
    most = Math.max(most, ++open);
    await wire.send(await wire.exactly(1));
    await wire.toEnd();
    open--;
  });
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)], { connections: 2 })
    .startInside();
  const wires = await Promise.all(Array.from({ length: 10 }, () => published.connect()));
  await Promise.all(wires.map(async (wire) => {
    await echoes(wire, "x");
    await wire.endWriting();
    await wire.toEnd();
  }));
  assert.deepEqual([most, server.accepted], [2, 10]);
});

Deno.test("a client that never reads does not hold up the others", async () => {
  await using server = new TcpServer(async (wire) => {
    const block = new Uint8Array(64 * 1024);
    if (await wire.exactly(1) === "e") return await wire.send("echo");
    for (;;) await wire.send(block);
  });
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)]).startInside();
  await (await published.connect()).send("flood");
  for (let count = 0; count < 20; count++) {
    const wire = await published.connect();
    await wire.send("e");
    assert.equal(await wire.toEnd(), "echo");
  }
});

Deno.test("100 clients at once are served", async () => {
  await using server = echoServer();
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)]).startInside();
  const wires = await Promise.all(Array.from({ length: 100 }, () => published.connect()));
  await Promise.all(wires.map((wire, index) => echoes(wire, `client ${index}`.padEnd(1000, "."))));
  assert.equal(server.accepted, 100);
});

Deno.test("its end closes listeners and connections, and frees the ports", async () => {
  await using server = echoServer();
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)], { grace: 0 })
    .startInside();
  const wires = [await published.connect(), await published.connect()];
  for (const wire of wires) await echoes(wire, "x");
  await published.close();
  for (const wire of wires) assert.equal(await wire.toEnd(), "");
  Deno.listen({ hostname: "127.0.0.1", port: published.ports[0] ?? 0 }).close();
  const ends = [await published.events.next(), await published.events.next()];
  assert.deepEqual(ends.map(({ detail }) => detail?.["ended"]), ["aborted", "aborted"]);
});

Deno.test("what the server has sent before the end still arrives", async () => {
  const size = 1_000_000;
  await using server = new TcpServer(async (wire) => {
    await wire.exactly(1);
    await wire.send(new Uint8Array(size).fill(0x61));
  });
  await using published = new Published([publishRule("127.0.0.1", 0, server.port)], { grace: 60_000 })
    .startInside();
  const wire = await published.connect();
  await wire.send("x");
  assert.equal(await wire.exactly(1), "a");
  const closed = published.close();
  assert.equal((await wire.toEnd()).length, size - 1);
  wire[Symbol.dispose]();
  await closed;
});

Deno.test("clients that wait for a sandbox that never comes up are let go at its end", async () => {
  await using published = new Published([publishRule("127.0.0.1", 0, 3000)], { connections: 1 });
  const wires = [await published.connect(), await published.connect(), await published.connect()];
  await published.close();
  for (const wire of wires) assert.equal(await wire.toEnd(), "");
});
