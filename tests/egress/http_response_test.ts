import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { headServer, TcpServer, textServer } from "./fixtures/tcp_server.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], deny: ["ads.test"], resolve: { "ok.test": ["127.0.0.1"] } };

function get(port: number, path = "/", fields = ""): string {
  return `GET http://ok.test:${port}${path} HTTP/1.1\r\nHost: ok.test:${port}\r\n${fields}\r\n`;
}

Deno.test("responses end as their framing says", async () => {
  const cases: readonly (readonly [name: string, method: string, response: string, body: string])[] = [
    ["length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"],
    [
      "chunked",
      "GET",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n",
      "hello",
    ],
    ["until close", "GET", "HTTP/1.1 200 OK\r\n\r\nhello", "hello"],
    ["HTTP/1.0 server", "GET", "HTTP/1.0 200 OK\r\n\r\nhello", "hello"],
    ["HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", ""],
    ["204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", ""],
    ["304", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", ""],
    ["no phrase", "GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", "hi"],
  ];
  await using running = await startGateway(LOCAL);
  for (const [name, method, response, body] of cases) {
    await using server = textServer(response);
    await using after = headServer();
    const wire = await running.connect();
    await wire.send(get(server.port).replace("GET", method));
    const answer = await wire.response(method);
    assert.equal(answer.body, body, name);
    assert.equal(/^Content-Length: 5\r$/m.test(answer.head), /Content-Length: 5/.test(response), name);
    // The connection is still in step.
    await wire.send(get(after.port, "/after"));
    assert.match((await wire.response()).body, /^GET \/after /, name);
  }
});

Deno.test("an HTTP/1.0 client gets no chunks and no interim responses, and its connection ends", async () => {
  await using server = textServer(
    "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
  );
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(`GET http://ok.test:${server.port}/ HTTP/1.0\r\n\r\n`);
  const text = await wire.toEnd();
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(text, /\r\n\r\nhello$/);
  assert.doesNotMatch(text, /chunked/i);
});

Deno.test("a cut response ends the connection, so that the client sees the cut", async () => {
  await using server = textServer("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort");
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(get(server.port));
  assert.match(await wire.toEnd(), /\r\n\r\nshort$/);
});

Deno.test("ambiguous and malformed responses are 502", async () => {
  const responses = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
    "HTTP/1.1 999 What\r\n\r\n",
    "SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}\r\n\r\n`,
    "",
  ];
  await using running = await startGateway(LOCAL);
  for (const response of responses) {
    await using server = textServer(response);
    const wire = await running.connect();
    await wire.send(get(server.port));
    assert.equal((await wire.response()).status, 502, JSON.stringify(response.slice(0, 80)));
  }
});

Deno.test("a server that says nothing is 504 after the idle limit", async () => {
  await using server = new TcpServer(async (wire) => void await wire.toEnd());
  await using running = await startGateway(LOCAL, { limits: { idle: 40 } });
  const wire = await running.connect();
  await wire.send(get(server.port));
  assert.equal((await wire.response()).status, 504);
});

Deno.test("a client that takes no interim responses gives its place back after the idle limit", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    for (;;) await wire.send(`HTTP/1.1 103 Early Hints\r\nLink: ${"x".repeat(8000)}\r\n\r\n`);
  });
  await using running = await startGateway({ allow: ["127.0.0.1"] }, { limits: { tunnels: 1, idle: 50 } });
  const host = `127.0.0.1:${server.port}`;
  const deaf = await running.connect();
  await deaf.send(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  assert.equal((await running.events.next()).decision, "allow");
});
