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

Deno.test("the handshake limit does not end a tunnel", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL, { limits: { handshake: 60 } });
  const wire = await running.connect();
  await open(wire, `ok.test:${server.port}`);
  // A client that says nothing meets the same limit, later.
  assert.equal(await (await running.connect()).toEnd(), "");
  await wire.send("still open");
  assert.equal(await wire.exactly(10), "still open");
});

Deno.test("a slow handshake is answered and ended, one without a byte is ended", async () => {
  await using running = await startGateway(LOCAL, { limits: { handshake: 30 } });
  const slow = await running.connect();
  await slow.send("CONNECT ok.test:1 HTTP/1.1\r\n");
  const { status, body } = await slow.response();
  assert.equal(status, 400);
  assert.match(body, /not complete after 30 ms/);
  assert.equal(await slow.toEnd(), "");
  assert.equal(await (await running.connect()).toEnd(), "");
});

Deno.test("a one-way transfer keeps a tunnel open beyond the idle limit", async () => {
  const enough = Promise.withResolvers<void>();
  await using server = new TcpServer(async (wire) => {
    const timer = setInterval(() => wire.send(".").catch(() => {}), 10);
    await enough.promise;
    clearInterval(timer);
    await wire.send("end");
  });
  await using silent = echoServer();
  await using running = await startGateway(LOCAL, { limits: { idle: 150 } });
  const wire = await running.connect();
  await open(wire, `ok.test:${server.port}`);
  const companion = await running.connect();
  await open(companion, `ok.test:${silent.port}`);
  assert.equal(await companion.toEnd(), "");
  assert.equal((await running.events.next()).detail?.["ended"], "idle");
  enough.resolve();
  assert.match(await wire.toEnd(), /^\.+end$/);
});

Deno.test("the total limit ends a tunnel", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL, { limits: { total: 50 } });
  const wire = await running.connect();
  await open(wire, `ok.test:${server.port}`);
  assert.equal(await wire.toEnd(), "");
  assert.equal((await running.events.next()).detail?.["ended"], "total");
});

Deno.test("a head of the limit passes, one byte more is 431", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const start = `CONNECT ok.test:${server.port} HTTP/1.1\r\nX-Fill: `;
  const fill = "x".repeat(8192 - start.length - 4);
  const exact = await running.connect();
  await exact.send(`${start}${fill}\r\n\r\n`);
  assert.equal((await exact.response("CONNECT")).status, 200);
  const long = await running.connect();
  await long.send(`${start}${fill}x\r\n\r\n`);
  const { status, head } = await long.response();
  assert.equal(status, 431);
  assert.match(head, /^Proxy-Status: tombolo; error=http_request_error/m);
});

Deno.test("headers without end are cut off at the limit, and others are served meanwhile", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const flood = await running.connect();
  await flood.send(`GET http://ok.test/ HTTP/1.1\r\n${"X: y\r\n".repeat(4000)}`);
  assert.equal((await flood.response()).status, 431);
  await open(await running.connect(), `ok.test:${server.port}`);
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

Deno.test("tunnels beyond the limit wait and are served when one ends", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL, { limits: { tunnels: 1 } });
  const first = await running.connect();
  await open(first, `ok.test:${server.port}`);
  const second = await running.connect();
  await second.send(`CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\nhi`);
  // A denial needs no slot: it comes back although the second tunnel still waits.
  const third = await running.connect();
  await third.send("CONNECT other.example:1 HTTP/1.1\r\n\r\n");
  assert.equal((await third.response()).status, 403);
  assert.equal(server.accepted, 1);
  await first.endWriting();
  await first.toEnd();
  assert.equal((await second.response("CONNECT")).status, 200);
  assert.equal(await second.exactly(2), "hi");
});

Deno.test("a TCP listener is served as a unix one is", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  running.gateway.serve(listener);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  await connection.write(new TextEncoder().encode(`CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\n`));
  const buffer = new Uint8Array(100);
  const count = await connection.read(buffer);
  assert.match(new TextDecoder().decode(buffer.subarray(0, count ?? 0)), /^HTTP\/1\.1 200 /);
});

Deno.test("closing lets tunnels end by themselves within the grace, and cuts the others", async () => {
  await using server = echoServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await open(wire, `ok.test:${server.port}`);
  const stubborn = await running.connect();
  await open(stubborn, `ok.test:${server.port}`);
  const closed = running.gateway.close(200);
  await wire.send("last words");
  assert.equal(await wire.exactly(10), "last words");
  await wire.endWriting();
  assert.equal(await wire.toEnd(), "");
  await closed;
  assert.equal(await stubborn.toEnd(), "");
  const ends = [await running.events.next(), await running.events.next()].map(({ detail }) =>
    detail?.["ended"]
  );
  assert.deepEqual(ends, ["eof", "aborted"]);
  await assert.rejects(running.connect());
});
