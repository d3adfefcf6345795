import assert from "node:assert/strict";
import { startGateway } from "./fixtures/running_gateway.ts";
import { headServer, TcpServer } from "./fixtures/tcp_server.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], deny: ["ads.test"], resolve: { "ok.test": ["127.0.0.1"] } };

function get(port: number, path = "/", fields = ""): string {
  return `GET http://ok.test:${port}${path} HTTP/1.1\r\nHost: ok.test:${port}\r\n${fields}\r\n`;
}

/** Answers each request with its body, read by its Content-Length or its chunks. */
function bodyServer(): TcpServer {
  return new TcpServer(async (wire) => {
    const head = await wire.until("\r\n\r\n");
    const length = /^content-length: ([0-9]+)/im.exec(head)?.[1];
    const chunked = /^transfer-encoding: chunked/im.test(head);
    const body = chunked ? await wire.until("0\r\n\r\n") : await wire.exactly(Number(length ?? 0));
    await wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  });
}

Deno.test("a plain request reaches the server in origin form, without hop-by-hop fields", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    get(
      server.port,
      "/a?b=%0a",
      "Accept: */*\r\nConnection: X-Secret, close\r\nX-Secret: 1\r\nProxy-Connection: keep-alive\r\n" +
        "Proxy-Authorization: Basic eA==\r\nKeep-Alive: 5\r\nTE: trailers\r\nX-Bytes: \xe4\xff\r\n",
    ),
  );
  const { status, body, head } = await wire.response();
  assert.equal(status, 200);
  assert.equal(
    body,
    `GET /a?b=%0a HTTP/1.1\r\nHost: ok.test:${server.port}\r\nAccept: */*\r\nX-Bytes: \xe4\xff\r\nTE: trailers\r\nConnection: TE\r\n\r\n`,
  );
  assert.match(head, /^Connection: close\r$/m);
});

Deno.test("a path may be missing, a query may stand alone", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL);
  const cases: readonly (readonly [string, string])[] = [["", "GET / "], ["?q", "GET /?q "], [
    "//x",
    "GET //x ",
  ]];
  for (const [path, line] of cases) {
    const wire = await running.connect();
    await wire.send(get(server.port, path));
    assert.ok((await wire.response()).body.startsWith(line), path);
  }
});

Deno.test("each request of a connection is decided on its own", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(get(server.port));
  assert.equal((await wire.response()).status, 200);
  await wire.send(`GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\n\r\n`);
  const denied = await wire.response();
  assert.equal(denied.status, 403);
  assert.match(denied.body, /"ads\.test" of --deny-net/);
  await wire.send(get(server.port, "/third"));
  assert.match((await wire.response()).body, /^GET \/third /);
  await wire.send(`CONNECT ok.test:${server.port} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
  assert.equal((await wire.response()).status, 200);
  const decisions = [];
  while (decisions.length < 3) decisions.push((await running.events.next()).decision);
  assert.deepEqual(decisions, ["allow", "deny", "allow"]);
});

Deno.test("pipelined requests are answered in order", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    get(server.port, "/1") + `GET http://no.example/ HTTP/1.1\r\nHost: no.example\r\n\r\n` +
      get(server.port, "/3"),
  );
  assert.match((await wire.response()).body, /^GET \/1 /);
  assert.equal((await wire.response()).status, 403);
  assert.match((await wire.response()).body, /^GET \/3 /);
});

Deno.test("a body passes by length and by chunks, and the connection is kept", async () => {
  await using server = bodyServer();
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  const post = (fields: string, body: string) =>
    wire.send(
      `POST http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\n${fields}\r\n\r\n${body}`,
    );
  await post("Content-Length: 5", "hello");
  assert.equal((await wire.response()).body, "hello");
  await post(
    "Transfer-Encoding: chunked",
    "5;name=value\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: dropped\r\n\r\n",
  );
  assert.equal((await wire.response()).body, "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n");
  await post("Content-Length: 0", "");
  assert.equal((await wire.response()).body, "");
});

Deno.test("malformed chunks are 400, and the server gets no more of them", async () => {
  await using running = await startGateway(LOCAL);
  for (
    const body of [
      "g\r\n",
      "5\r\nhelloX\r\n",
      "5\nhello\r\n",
      "-1\r\n",
      "5 \r\n",
      "0x5\r\nhello\r\n",
      "\r\n",
      `${"1".repeat(20)}\r\n`,
    ]
  ) {
    const heard = Promise.withResolvers<string>();
    await using server = new TcpServer(async (wire) => heard.resolve(await wire.toEnd()));
    const wire = await running.connect();
    await wire.send(
      `POST http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
    );
    assert.equal((await wire.response()).status, 400, JSON.stringify(body));
    assert.doesNotMatch(await heard.promise, /\r\n0\r\n\r\n$/);
  }
});

Deno.test("Expect: 100-continue passes, and the body follows the server's word", async () => {
  await using server = new TcpServer(async (wire) => {
    assert.match(await wire.until("\r\n\r\n"), /^Expect: 100-continue\r$/m);
    await wire.send("HTTP/1.1 100 Continue\r\n\r\n");
    const body = await wire.exactly(5);
    await wire.send(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${body}`);
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    `PUT http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
  );
  assert.equal((await wire.response()).status, 100);
  await wire.send("hello");
  assert.equal((await wire.response()).body, "hello");
});

Deno.test("a server may answer before it has read the body; then the connection ends", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig");
    await wire.toEnd();
  });
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    `POST http://ok.test:${server.port}/ HTTP/1.1\r\nHost: ok.test:${server.port}\r\nContent-Length: 5000\r\n\r\nstart`,
  );
  const { status, head, body } = await wire.response();
  assert.deepEqual([status, body], [413, "big"]);
  assert.match(head, /^Connection: close\r$/m);
  assert.equal(await wire.toEnd(), "");
});

Deno.test("a denied request with a body ends the connection after the answer", async () => {
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send(
    `POST http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nContent-Length: 100000\r\n\r\n${"x".repeat(50_000)}`,
  );
  assert.equal((await wire.response()).status, 403);
  // A proper end, not a reset that could overtake the answer.
  assert.equal(await wire.connection.read(new Uint8Array(1)), null);
});

Deno.test("a denied HEAD has no body", async () => {
  await using running = await startGateway(LOCAL);
  const wire = await running.connect();
  await wire.send("HEAD http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\nConnection: close\r\n\r\n");
  const text = await wire.toEnd();
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\n/);
  assert.match(text, /\r\n\r\n$/);
});

Deno.test("requests that are not for a proxy are told so", async () => {
  await using running = await startGateway(LOCAL);
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["GET / HTTP/1.1\r\nHost: ok.test", 400, /this is a proxy/],
    ["OPTIONS * HTTP/1.1\r\nHost: ok.test", 400, /this is a proxy/],
    ["GET https://ok.test/ HTTP/1.1\r\nHost: ok.test", 400, /use CONNECT for https: URLs/],
    ["GET ftp://ok.test/ HTTP/1.1\r\nHost: ok.test", 400, /use CONNECT/],
    ["GET ok.test:80 HTTP/1.1\r\nHost: ok.test", 400, /this is a proxy/],
    ["GET http:// HTTP/1.1\r\nHost: ok.test", 400, /Cannot parse host/],
    ["GET http://ok.test/#fragment HTTP/1.1\r\nHost: ok.test", 400, /this is a proxy/],
    ["TRACE http://ok.test/ HTTP/1.1\r\nHost: ok.test", 405, /TRACE/],
  ];
  for (const [head, status, body] of cases) {
    const wire = await running.connect();
    await wire.send(`${head}\r\n\r\n`);
    const response = await wire.response();
    assert.equal(response.status, status, head);
    assert.match(response.body, body, head);
    assert.equal(await wire.toEnd(), "");
  }
});

Deno.test("the next request may take its time, its head may not", async () => {
  await using server = headServer();
  await using running = await startGateway(LOCAL, { limits: { handshake: 40, idle: 5000 } });
  const wire = await running.connect();
  await wire.send(get(server.port));
  await wire.response();
  // Another client meets the handshake limit, so it has passed for this one too.
  assert.equal(await (await running.connect()).toEnd(), "");
  await wire.send(get(server.port, "/second"));
  assert.match((await wire.response()).body, /^GET \/second /);
  await wire.send("GET http://ok.test/ HTTP/1.1\r\n");
  assert.equal((await wire.response()).status, 400);
});

Deno.test("a response may take longer than the handshake limit, and the connection is kept", async () => {
  const passed = Promise.withResolvers<void>();
  await using slow = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await passed.promise;
    await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow");
  });
  await using server = headServer();
  await using running = await startGateway(LOCAL, { limits: { handshake: 40 } });
  const wire = await running.connect();
  await wire.send(get(slow.port));
  assert.equal(await (await running.connect()).toEnd(), "");
  passed.resolve();
  assert.equal((await wire.response()).body, "slow");
  await wire.send(get(server.port, "/next"));
  assert.match((await wire.response()).body, /^GET \/next /);
});

Deno.test("a client that ends inside a body is told so, one that is reset gives its place back", async () => {
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let come = 0;
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    asked[come++]?.resolve();
    await wire.toEnd();
  });
  await using running = await startGateway(LOCAL);
  const post = get(server.port, "/", "Content-Length: 9\r\n").replace("GET", "POST") + "cut";
  const ended = await running.connect();
  await ended.send(post);
  await ended.endWriting();
  assert.equal((await ended.response()).status, 400);
  assert.equal((await running.events.next()).detail?.["via"], "http");
  // Closed with an answer unread, a unix socket is reset.
  const reset = await running.connect();
  await reset.send(`GET http://ads.test/ HTTP/1.1\r\nHost: ads.test\r\n\r\n${post}`);
  await asked[1]?.promise;
  reset[Symbol.dispose]();
  assert.equal((await running.events.next()).decision, "deny");
  assert.equal((await running.events.next()).detail?.["via"], "http");
});
