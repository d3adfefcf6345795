import assert from "node:assert/strict";
import { ProxyUrl } from "../../../lib/host/proxy_url.ts";
import { TcpServer } from "../fixtures/tcp_server.ts";
import { through } from "./fixtures/through.ts";

function request(path: string, method = "GET", host = "a.test"): string {
  return `${method} http://${host}${path} HTTP/1.1\r\nHost: ${host}\r\nProxy-Authorization: Basic b3du\r\n\r\n`;
}

/** An HTTP proxy that answers every request with its request line and how many connections have come. */
function lineProxy(heads: string[] = []): TcpServer {
  const server: TcpServer = new TcpServer(async (wire) => {
    const number = server.accepted;
    for (;;) {
      const head = await wire.until("\r\n\r\n");
      heads.push(head);
      const body = `${head.split("\r\n")[0]} ${number}`;
      await wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  });
  return server;
}

Deno.test("an upstream gets plain requests in absolute form with its own credentials, on a connection that is kept", async () => {
  const heads: string[] = [];
  await using server = lineProxy(heads);
  await using running = await through(ProxyUrl.parse(`http://m\u00e9:pw@127.0.0.1:${server.port}`));
  const wire = await running.connect();
  for (const [path, line] of [["/x?y", "/x?y"], ["", "/"], ["/z", "/z"]] as const) {
    await wire.send(request(path));
    assert.equal((await wire.response()).body, `GET http://a.test${line} HTTP/1.1 1`);
  }
  await wire.send(request("", "OPTIONS"));
  assert.equal((await wire.response()).body, "OPTIONS http://a.test HTTP/1.1 1");
  for (const head of heads) {
    assert.match(head, /^Host: a\.test\r$/m);
    // UTF-8, and not what the client has sent.
    assert.deepEqual(head.match(/^Proxy-Authorization: .*$/gm), ["Proxy-Authorization: Basic bcOpOnB3"]);
  }
});

Deno.test("hosts do not share a connection to the upstream", async () => {
  await using server = lineProxy();
  await using running = await through(ProxyUrl.loopback("http", server.port));
  const wire = await running.connect();
  await wire.send(request("/1"));
  assert.match((await wire.response()).body, /a\.test\/1 HTTP\/1\.1 1$/);
  await wire.send(request("/2", "GET", "b.test"));
  assert.match((await wire.response()).body, /b\.test\/2 HTTP\/1\.1 2$/);
});

Deno.test("what the upstream itself does wrong is 502 and names it; what it passes on is passed on", async () => {
  const cases: readonly (readonly [answer: string, status: number, body: RegExp])[] = [
    [
      "HTTP/1.1 407 No\x1b[2J\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
      502,
      /answered 400|is wrong/,
    ],
    [
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
      502,
      /^tombolo: the upstream proxy http:\/\/127\.0\.0\.1:\d+ answered 407 \(it wants a credential/,
    ],
    ["garbage\r\n\r\n", 502, /the response of the upstream proxy http:\/\/127\.0\.0\.1:\d+ is wrong/],
    ["", 502, /the upstream proxy http:\/\/127\.0\.0\.1:\d+ closed the connection without a response/],
    ["HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403, /^no$/],
  ];
  for (const [answer, status, body] of cases) {
    await using server = new TcpServer(async (wire) => {
      await wire.until("\r\n\r\n");
      await wire.send(answer);
    });
    await using running = await through(ProxyUrl.parse(`http://me:CANARY@127.0.0.1:${server.port}`));
    const wire = await running.connect();
    await wire.send(request("/"));
    const response = await wire.response();
    assert.equal(response.status, status, answer);
    assert.match(response.body, body, answer);
    assert.doesNotMatch(response.head + response.body, /CANARY|Proxy-Authenticate|Q0FOQVJZ/, answer);
  }
});

Deno.test("an upgrade goes to its host in a tunnel, so that the upstream itself cannot be spoken to", async () => {
  const heads: string[] = [];
  await using server = new TcpServer(async (wire) => {
    heads.push(await wire.until("\r\n\r\n"));
    await wire.send("HTTP/1.1 200 OK\r\n\r\n");
    heads.push(await wire.until("\r\n\r\n"));
    await wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    await wire.send(`heard ${await wire.exactly(2)}`);
  });
  await using running = await through(ProxyUrl.parse(`http://me:pw@127.0.0.1:${server.port}`));
  const wire = await running.connect();
  await wire.send(
    "GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  );
  assert.equal((await wire.response()).status, 101);
  await wire.send("hi");
  assert.equal(await wire.toEnd(), "heard hi");
  assert.match(heads[0] ?? "", /^CONNECT a\.test:80 HTTP\/1\.1\r\n/);
  assert.match(heads[1] ?? "", /^GET \/ HTTP\/1\.1\r\nHost: a\.test\r\n/);
  assert.doesNotMatch(heads[1] ?? "", /Proxy-Authorization/);
});

Deno.test("an upstream that switches protocols by itself is not spoken to any further", async () => {
  await using server = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    await wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    assert.equal(await wire.toEnd(), "");
  });
  await using running = await through(ProxyUrl.loopback("http", server.port));
  const fields = [
    "",
    "Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "Connection: Upgrade\r\nUpgrade: h2c\r\n",
  ];
  for (const field of fields) {
    const wire = await running.connect();
    await wire.send(
      `GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n${field}\r\nGET http://b.test/ HTTP/1.1\r\n`,
    );
    assert.equal((await wire.response()).status, 502);
  }
});
