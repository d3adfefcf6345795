import assert from "node:assert/strict";
import { freePort } from "../../lib/egress/free_port.ts";
import { INBOUND_ANSWER } from "../../lib/launch/inbound_answer.ts";
import { publishedPorts, serveInbound } from "../../stage2/inbound.ts";
import { Traffic } from "../../stage2/traffic.ts";
import { echoServer, TcpServer } from "../egress/fixtures/tcp_server.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { TempDirectory } from "../launch/temp_directory.ts";

const CONNECTED = String.fromCharCode(INBOUND_ANSWER.connected);
const REFUSED = String.fromCharCode(INBOUND_ANSWER.refused);
const IN_STORE = 8;

/** The host's end, asking as it likes. */
class Host implements AsyncDisposable {
  readonly #directory = new TempDirectory();
  readonly #path = this.#directory.at("publish.sock");
  readonly #listener = Deno.listen({ transport: "unix", path: this.#path });
  readonly #served: Promise<void>;
  readonly #wires: Wire[] = [];

  constructor(ports: readonly number[]) {
    this.#served = serveInbound({ path: this.#path, ports: new Set(ports), traffic: new Traffic() });
  }

  /** Takes a connection out of the store. */
  async take(): Promise<Wire> {
    const wire = new Wire(await this.#listener.accept());
    this.#wires.push(wire);
    return wire;
  }

  async ask(port: number): Promise<{ wire: Wire; answer: string }> {
    const wire = await this.take();
    await wire.send(Uint8Array.of(port >> 8, port & 0xff));
    return { wire, answer: await wire.exactly(1) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const wire of this.#wires) wire[Symbol.dispose]();
    await this.#served;
    this.#directory[Symbol.dispose]();
  }
}

for (const hostname of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
  Deno.test(`a server that listens on ${hostname} is reached, half-close included`, async () => {
    await using server = new TcpServer(async (wire) => {
      const sent = await wire.toEnd();
      await wire.send(`${sent} back`);
    }, hostname);
    await using host = new Host([server.port]);
    const { wire, answer } = await host.ask(server.port);
    assert.equal(answer, CONNECTED);
    await wire.send("there and");
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "there and back");
  });
}

Deno.test("a port that is not published is refused, and its server sees nobody", async () => {
  await using published = echoServer();
  await using other = echoServer();
  await using host = new Host([published.port]);
  for (const port of [other.port, 0, 65535]) {
    const { wire, answer } = await host.ask(port);
    assert.equal(answer, REFUSED);
    assert.equal(await wire.toEnd(), "");
  }
  assert.equal(other.accepted, 0);
  assert.equal((await host.ask(published.port)).answer, CONNECTED);
});

Deno.test("where nobody listens the answer is no, and yes once somebody does", async () => {
  const port = freePort();
  await using host = new Host([port]);
  assert.equal((await host.ask(port)).answer, REFUSED);
  using listener = Deno.listen({ hostname: "127.0.0.1", port });
  assert.equal((await host.ask(port)).answer, CONNECTED);
  (await listener.accept()).close();
});

Deno.test("connections are in store before anybody asks; one that is taken or closed is replaced", async () => {
  await using server = echoServer();
  await using host = new Host([server.port]);
  const taken: Wire[] = [];
  for (let count = 0; count < IN_STORE; count++) taken.push(await host.take());
  for (const wire of taken) wire[Symbol.dispose]();
  for (let count = 0; count < 2 * IN_STORE; count++) {
    assert.equal((await host.ask(server.port)).answer, CONNECTED);
  }
});

Deno.test("a request may come in pieces; one that is broken off takes nothing with it", async () => {
  await using server = echoServer();
  await using host = new Host([server.port]);
  const broken = await host.take();
  await broken.send(Uint8Array.of(server.port >> 8));
  broken[Symbol.dispose]();
  const wire = await host.take();
  await wire.send(Uint8Array.of(server.port >> 8));
  const whole = await host.ask(server.port);
  await wire.send(Uint8Array.of(server.port & 0xff));
  assert.equal(await wire.exactly(1), CONNECTED);
  for (const end of [wire, whole.wire]) {
    await end.send("x");
    assert.equal(await end.exactly(1), "x");
  }
});

Deno.test("a list of ports is read whole or not at all", () => {
  assert.deepEqual([...publishedPorts("3000,1,65535,3000")], [3000, 1, 65535]);
  for (const text of ["", "0", "65536", "3000,", ",3000", "03000", " 3000", "3000;1", "0x10", "1e3", "-1"]) {
    assert.throws(() => publishedPorts(text), RangeError, text);
  }
});
