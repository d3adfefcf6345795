import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { echoServer, TcpServer } from "./fixtures/tcp_server.ts";
import type { Wire } from "./fixtures/wire.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], resolve: { "ok.test": ["127.0.0.1"] } };

async function open(wire: Wire, target: string): Promise<void> {
  await wire.send(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
}

Deno.test("CONNECT opens a tunnel to an allowed host, by name and by address", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  for (const host of ["ok.test", "127.0.0.1", "OK.Test."]) {
    const wire = await running.connect();
    await open(wire, `${host}:${server.port}`);
    await wire.send("hello");
    assert.equal(await wire.exactly(5), "hello");
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "");
    const event = await running.events.next();
    assert.equal(event.decision, "allow");
    const { duration, ...detail } = event.detail ?? {};
    assert.deepEqual(detail, { via: "connect", sent: 5, received: 5, ended: "eof", address: "127.0.0.1" });
    assert.equal(typeof duration, "number");
  }
});

Deno.test("bytes that arrive with the handshake are passed on first", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(`CONNECT ok.test:${server.port} HTTP/1.1\r\nHost: ignored\r\n\r\nearly `);
  await wire.response("CONNECT");
  await wire.send("later");
  assert.equal(await wire.exactly(11), "early later");
});

Deno.test("a handshake that comes byte by byte is understood", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  for (const character of `CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\n`) await wire.send(character);
  assert.equal((await wire.response("CONNECT")).status, 200);
});

Deno.test("a half-close passes through a tunnel both ways", async () => {
  await using server = new TcpServer(async (wire) => {
    const heard = await wire.toEnd();
    await wire.send(`heard ${heard}`);
  });
  await using talker = new TcpServer(async (wire) => {
    await wire.send("goodbye");
    await wire.endWriting();
    await wire.send(await wire.toEnd()).catch(() => {});
  });
  await using running = await startGateway(LOCAL);
  const asking = await running.connect();
  await open(asking, `ok.test:${server.port}`);
  await asking.send("all of it");
  await asking.endWriting();
  assert.equal(await asking.toEnd(), "heard all of it");

  const listening = await running.connect();
  await open(listening, `ok.test:${talker.port}`);
  assert.equal(await listening.toEnd(), "goodbye");
  await listening.send("still heard");
  await listening.endWriting();
  await running.events.next();
  const { detail } = await running.events.next();
  assert.deepEqual([detail?.["sent"], detail?.["received"], detail?.["ended"]], [11, 7, "eof"]);
});

Deno.test("a denial is said at once, names the rule or the flag, and is recorded at once", async () => {
  await using running = await startGateway({ allow: ["*.test"], deny: ["ads.test"] });
  const unknown = await running.connect();
  await unknown.send("CONNECT db.example.com:5432 HTTP/1.1\r\n\r\n");
  const first = await unknown.response();
  assert.equal(first.status, 403);
  assert.match(first.head, /^Proxy-Status: tombolo; error=http_request_denied; details=".*"\r$/m);
  assert.equal(
    first.body,
    "tombolo: denied net db.example.com:5432 (no rule allows it); to allow: --allow-net=db.example.com:5432\n",
  );
  assert.deepEqual({ ...await running.events.next(), time: "" }, {
    time: "",
    kind: "net",
    decision: "deny",
    target: "db.example.com:5432",
    reason: "no rule allows it",
    suggestion: "--allow-net=db.example.com:5432",
  });

  const denied = await running.connect();
  await denied.send("CONNECT ads.test:443 HTTP/1.1\r\n\r\n");
  const second = await denied.response();
  assert.equal(second.status, 403);
  assert.equal(
    second.body,
    `tombolo: denied net ads.test:443 (a rule denies it: "ads.test" of --deny-net)\n`,
  );
  assert.equal(await denied.toEnd(), "");
  assert.deepEqual((await running.events.next()).rule, { text: "ads.test", origin: "--deny-net" });
});

Deno.test("a network failure is 502 or 504 with its cause, and the event says allow", async () => {
  const hang = (_: string, signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await using running = await startGateway({
    allow: ["*.test", "127.0.0.1"],
    resolve: { "closed.test": ["127.0.0.1"] },
  }, {
    resolver: (name, signal) => name === "slow.test" ? hang(name, signal) : Promise.resolve([]),
    limits: { dial: 30 },
  });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const cases: readonly (readonly [string, number, string])[] = [
    [`closed.test:${port}`, 502, "connection_refused"],
    ["absent.test:80", 502, "dns_error"],
    ["slow.test:80", 504, "dns_timeout"],
  ];
  for (const [target, status, error] of cases) {
    const wire = await running.connect();
    await wire.send(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
    const response = await wire.response();
    assert.equal(response.status, status, target);
    assert.match(response.head, new RegExp(`Proxy-Status: tombolo; error=${error};`));
    const event = await running.events.next();
    assert.equal(event.decision, "allow");
    assert.equal(typeof event.detail?.["error"], "string");
  }
});

Deno.test("malformed CONNECT requests are 400 and dial nothing", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const to = `127.0.0.1:${server.port}`;
  const heads = [
    `CONNECT ${to} HTTP/1.1\n\n`,
    `CONNECT ${to} HTTP/1.1\r\nA: b\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\n A: b\r\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\nA : b\r\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\nA: b\0\r\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\nA: b\rc\r\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n`,
    `CONNECT ${to} HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello`,
    `CONNECT ${to} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    `CONNECT  ${to} HTTP/1.1\r\n\r\n`,
    `CONNECT ${to} HTTP/2.0\r\n\r\n`,
    `CONNECT ${to}\r\n\r\n`,
    `CONNECT 127.0.0.1 HTTP/1.1\r\n\r\n`,
    `CONNECT http://${to}/ HTTP/1.1\r\n\r\n`,
    `CONNECT user@${to} HTTP/1.1\r\n\r\n`,
  ];
  for (const head of heads) {
    const wire = await running.connect();
    await wire.send(head);
    assert.equal((await wire.response()).status, 400, JSON.stringify(head));
    assert.equal(await wire.toEnd(), "");
  }
  assert.equal(server.accepted, 0);
});

Deno.test("a first byte of no known protocol is answered with 400 and ended", async () => {
  await using running = await startGateway(LOCAL);
  for (const first of ["\x16\x03\x01", "\x04\x01", "get / HTTP/1.1\r\n\r\n", "\r\n", "\0"]) {
    const wire = await running.connect();
    await wire.send(first);
    assert.match(await wire.toEnd(), /^HTTP\/1\.1 400 /, JSON.stringify(first));
  }
});
