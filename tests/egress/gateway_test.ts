import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { echoServer, TcpServer } from "./fixtures/tcp_server.ts";
import type { Wire } from "./fixtures/wire.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], resolve: { "ok.test": ["127.0.0.1"] } };

async function open(wire: Wire, target: string): Promise<void> {
  await wire.send(`CONNECT ${target} HTTP/1.1\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
}

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

Deno.test("who comes while all are busy gets the place of the first that has to wait", async () => {
  const answer = Promise.withResolvers<void>();
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let requests = 0;
  await using server = new TcpServer(async (wire) => {
    for (;;) {
      await wire.until("\r\n\r\n");
      asked[requests++]?.resolve();
      await answer.promise;
      await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    }
  });
  await using running = await startGateway({ allow: ["127.0.0.1"] }, { limits: { clients: 2 } });
  const host = `127.0.0.1:${server.port}`;
  const request = `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const busy = [await running.connect(), await running.connect()];
  for (const wire of busy) await wire.send(request);
  await Promise.all(asked.map(({ promise }) => promise));
  const late = await running.connect();
  await late.send(request);
  answer.resolve();
  // Both stay connected: neither asks again, and neither goes.
  for (const wire of busy) assert.equal((await wire.response()).body, "hi");
  assert.equal((await late.response()).body, "hi");
});

Deno.test("a client that takes no answer to what it has sent ahead is given up after the idle limit", async () => {
  await using running = await startGateway({}, { limits: { clients: 1, idle: 50 } });
  const request = "GET http://denied.test/ HTTP/1.1\r\nHost: denied.test\r\n\r\n";
  const deaf = await running.connect();
  const sending = assert.rejects(deaf.send(request.repeat(20_000)), Deno.errors.BrokenPipe);
  const next = await running.connect();
  await next.send(request);
  assert.equal((await next.response()).status, 403);
  await sending;
});
