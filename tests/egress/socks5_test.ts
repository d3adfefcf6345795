import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { echoServer } from "./fixtures/tcp_server.ts";
import type { Wire } from "./fixtures/wire.ts";

const LOCAL = { allow: ["127.0.0.1", "[::1]", "*.test"], resolve: { "ok.test": ["127.0.0.1"] } };

function port(number: number): string {
  return String.fromCharCode(number >> 8, number & 0xff);
}

function byName(name: string, number: number): string {
  return `\x05\x01\0\x03${String.fromCharCode(name.length)}${name}${port(number)}`;
}

async function greet(wire: Wire): Promise<void> {
  await wire.send("\x05\x01\0");
  assert.equal(await wire.exactly(2), "\x05\0");
}

/** Sends a request and gives back the reply code. */
async function request(wire: Wire, text: string): Promise<number> {
  await greet(wire);
  await wire.send(text);
  const reply = await wire.exactly(10);
  assert.equal(reply[0], "\x05");
  return reply.charCodeAt(1);
}

Deno.test("SOCKS5 connects by name, by IPv4 and by IPv6 address", async () => {
  await using server = echoServer();
  await using server6 = echoServer("::1");
  await using running = await startGateway(LOCAL);
  const requests = [
    byName("ok.test", server.port),
    byName("127.0.0.1", server.port),
    byName("127.1", server.port),
    `\x05\x01\0\x01\x7f\0\0\x01${port(server.port)}`,
    `\x05\x01\0\x04${"\0".repeat(10)}\xff\xff\x7f\0\0\x01${port(server.port)}`,
    `\x05\x01\0\x04${"\0".repeat(15)}\x01${port(server6.port)}`,
    byName("::1", server6.port),
  ];
  for (const text of requests) {
    const wire = await running.connect();
    assert.equal(await request(wire, text), 0, JSON.stringify(text));
    await wire.send("hello");
    assert.equal(await wire.exactly(5), "hello");
    await wire.endWriting();
    await wire.toEnd();
    const { detail } = await running.events.next();
    assert.deepEqual([detail?.["via"], detail?.["sent"], detail?.["received"]], ["socks5", 5, 5]);
  }
});

Deno.test("a client that does not wait for replies loses no byte", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(`\x05\x02\x02\0${byName("ok.test", server.port)}early`);
  assert.equal(await wire.exactly(2), "\x05\0");
  assert.equal((await wire.exactly(10)).charCodeAt(1), 0);
  assert.equal(await wire.exactly(5), "early");
});

Deno.test("each cause of failure has its reply code", async () => {
  const failure = (error: Error): Promise<never> => Promise.reject(error);
  const unreachable = Object.assign(new Error("unreachable"), { code: "ENETUNREACH" });
  await using running = await startGateway({
    allow: ["*.test", "127.0.0.1"],
    deny: ["denied.test"],
    resolve: {
      "refused.test": ["203.0.113.1"],
      "net.test": ["203.0.113.2"],
      "host.test": ["203.0.113.3"],
      "silent.test": ["203.0.113.4"],
      "private.test": ["10.0.0.1"],
    },
  }, {
    limits: { dial: 20 },
    connect: (address, _, signal) => {
      if (address === "203.0.113.1") return failure(new Deno.errors.ConnectionRefused("refused"));
      if (address === "203.0.113.2") return failure(unreachable);
      if (address === "203.0.113.3") return failure(new Error("no route"));
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    },
  });
  const cases: readonly (readonly [string, number])[] = [
    [byName("a b", 80), 1],
    [byName("", 80), 1],
    [byName("ok.test", 0), 1],
    [byName("denied.test", 80), 2],
    [byName("other.example", 80), 2],
    [byName("private.test", 80), 2],
    [`\x05\x01\0\x01\x0a\0\0\x01${port(80)}`, 2],
    [byName("net.test", 80), 3],
    [byName("host.test", 80), 4],
    [byName("absent.test", 80), 4],
    [byName("refused.test", 80), 5],
    [byName("silent.test", 80), 6],
    [`\x05\x02\0\x01\x7f\0\0\x01${port(80)}`, 7],
    [`\x05\x03\0\x01\x7f\0\0\x01${port(80)}`, 7],
    [`\x05\x09\0\x01\x7f\0\0\x01${port(80)}`, 7],
    [`\x05\x01\0\x02\x7f\0\0\x01${port(80)}`, 8],
  ];
  for (const [text, code] of cases) {
    const wire = await running.connect();
    assert.equal(await request(wire, text), code, JSON.stringify(text));
    assert.equal(await wire.toEnd(), "");
  }
});

Deno.test("a client that accepts no method of ours is told so", async () => {
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send("\x05\x01\x02");
  assert.equal(await wire.toEnd(), "\x05\xff");
});

Deno.test("malformed messages are ended without a reply", async () => {
  await using running = await startGateway(LOCAL);
  const greetings = ["\x05\0", "\x05"];
  for (const greeting of greetings) {
    const wire = await running.connect();
    await wire.send(greeting);
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "", JSON.stringify(greeting));
  }
  const requests = [
    "\x04\x01\0\x01\x7f\0\0\x01\0\x50",
    "\x05\x01\x01\x01\x7f\0\0\x01\0\x50",
    "\x05\x01\0\x03\x20short",
    "\x05\x01",
  ];
  for (const text of requests) {
    const wire = await running.connect();
    await greet(wire);
    await wire.send(text);
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "", JSON.stringify(text));
  }
});

Deno.test("the handshake limit ends a slow SOCKS5 client, not its tunnel", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL, { limits: { handshake: 60 } });
  const wire = await running.connect();
  assert.equal(await request(wire, byName("ok.test", server.port)), 0);
  const slow = await running.connect();
  await greet(slow);
  await slow.send("\x05\x01\0\x03");
  assert.equal(await slow.toEnd(), "");
  await wire.send("still open");
  assert.equal(await wire.exactly(10), "still open");
});

Deno.test("an international name in UTF-8 is mapped, other bytes are refused", async () => {
  await using server = echoServer();
  await using running = await startGateway({
    allow: ["127.0.0.1", "xn--bcher-kva.test"],
    resolve: { "xn--bcher-kva.test": ["127.0.0.1"] },
  });
  const utf8 = Array.from(new TextEncoder().encode("b\u00fccher.test"), (byte) => String.fromCharCode(byte))
    .join("");
  assert.equal(await request(await running.connect(), byName(utf8, server.port)), 0);
  assert.equal(await request(await running.connect(), byName("b\xfccher.test", server.port)), 1);
});
