import assert from "node:assert/strict";
import { ProxyUrl } from "../../lib/host/proxy_url.ts";
import { http, PROTOCOLS, utf8 } from "../egress/fixtures/attempt.ts";
import { startGateway } from "../egress/fixtures/running_gateway.ts";
import { TcpServer, textServer } from "../egress/fixtures/tcp_server.ts";
import type { Wire } from "../egress/fixtures/wire.ts";
import { type FakeProxy, httpProxy, rudeProxy, socksProxy } from "../egress/upstream/fixtures/fake_proxy.ts";
import { askConnect, askSocks, OPEN, through } from "../egress/upstream/fixtures/through.ts";

/** Upstream proxies that misbehave, each in its own way; where it matters, for HTTP and for SOCKS5. */
function badProxies() {
  return {
    "status.test": httpProxy("HTTP/1.1 503 No\r\n\r\n"),
    "redirect.test": httpProxy("HTTP/1.1 302 Found\r\nLocation: http://a.test/\r\n\r\n"),
    "garbage.test": rudeProxy("http", "\0\xff\x16\x03\r\n\r\n", "wait"),
    "switch.test": httpProxy("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
    "headers.test": rudeProxy("http", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(2000)}\r\n`, "wait"),
    "line.test": rudeProxy("http", `HTTP/1.1 200 ${"x".repeat(9000)}`, "wait"),
    "interim.test": rudeProxy("http", "HTTP/1.1 100 x\r\n\r\n".repeat(500), "wait"),
    "silent.test": rudeProxy("http", "", "wait"),
    "dead.test": rudeProxy("http", "", "close"),
    "socks-garbage.test": rudeProxy("socks5", "HTTP/1.1 200 OK\r\n\r\n", "wait"),
    "socks-silent.test": rudeProxy("socks5", "\x05", "wait"),
    "socks-dead.test": rudeProxy("socks5", "\x05\0\x05\0\0\x03\xff", "close"),
    "socks-refusal.test": socksProxy({ reply: "\x05\x02" }),
  };
}

Deno.test("N12: whatever a bad upstream answers ends that one request with an error, and others are served", async () => {
  const bad = badProxies();
  await using stack = new AsyncDisposableStack();
  for (const proxy of Object.values(bad)) stack.use(proxy);
  const good = stack.use(httpProxy());
  // One slot: an error that kept it would leave nothing for the next.
  await using running = await startGateway(OPEN, {
    route: ({ host }) => (bad as Readonly<Record<string, FakeProxy>>)[host]?.url ?? good.url,
    limits: { dial: 500, tunnels: 1 },
  });
  for (const host of Object.keys(bad)) {
    const { response } = await askConnect(running, `${host}:8443`);
    assert.ok([502, 504].includes(response.status), `${host}: ${response.head}`);
    assert.notEqual((await askSocks(running, host, 8443)).code, 0, host);
    const { wire, response: { status } } = await askConnect(running, "good.test:8443");
    assert.equal(status, 200, `after ${host}`);
    await wire.send("ping");
    assert.equal(await wire.exactly(4), "ping");
    await wire.endWriting();
    await wire.toEnd();
  }
});

Deno.test("N12: a plain request ends with an error where the upstream answers garbage, too much, or nothing", async () => {
  const bad = {
    "garbage.test": rudeProxy("http", "\0\xff\x16\x03\r\n\r\n", "wait"),
    "headers.test": rudeProxy("http", `HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(20_000)}\r\n`, "wait"),
    "dead.test": rudeProxy("http", "", "close"),
    "silent.test": rudeProxy("http", "", "wait"),
  };
  await using stack = new AsyncDisposableStack();
  for (const proxy of Object.values(bad)) stack.use(proxy);
  const good = stack.use(textServer("HTTP/1.1 204 No Content\r\n\r\n"));
  await using running = await startGateway(OPEN, {
    route: ({ host }) =>
      (bad as Readonly<Record<string, FakeProxy>>)[host]?.url ?? ProxyUrl.loopback("http", good.port),
    limits: { idle: 500, tunnels: 1 },
  });
  const get = (host: string) =>
    http(running, `GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  for (const host of Object.keys(bad)) {
    assert.match(
      (await get(host)).text,
      host === "silent.test" ? /^HTTP\/1\.1 504 / : /^HTTP\/1\.1 502 /,
      host,
    );
    assert.match((await get("good.test")).text, /^HTTP\/1\.1 204 /, `after ${host}`);
  }
});

Deno.test("N12: a head without end is given up after 8 KiB, not read to its end", async () => {
  const sent = Promise.withResolvers<number>();
  await using endless = new TcpServer(async (wire: Wire) => {
    const block = new TextEncoder().encode(`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(10_000)}`);
    let count = 0;
    try {
      for (; count < 256 * 1024 * 1024; count += block.length) await wire.send(block);
    } finally {
      sent.resolve(count);
    }
  });
  await using running = await through(ProxyUrl.loopback("http", endless.port));
  const { response } = await askConnect(running, "a.test:8443");
  assert.match(response.head, /error=http_response_header_section_size;/);
  // What the kernel's buffers hold, at most.
  assert.ok(await sent.promise < 64 * 1024 * 1024);
});

Deno.test("N12: bytes behind the headers are the tunnel's, whatever they look like", async () => {
  const tails = ["\r\n", "HTTP/1.1 403 Forbidden\r\n\r\n", "\0", "\x05\0", "x".repeat(100_000)];
  for (const tail of tails) {
    for (const parts of [[`HTTP/1.1 200 OK\r\n\r\n${tail}`], ["HTTP/1.1 200 OK\r\n\r", `\n${tail}`]]) {
      await using proxy = httpProxy(parts);
      await using running = await through(proxy.url);
      const { wire, response } = await askConnect(running, "a.test:8443");
      assert.equal(response.status, 200);
      await wire.endWriting();
      assert.equal(await wire.toEnd(), tail);
      const { wire: socks, code } = await askSocks(running, "a.test", 8443);
      assert.equal(code, 0);
      await socks.endWriting();
      assert.equal(await socks.toEnd(), tail);
    }
  }
});

Deno.test("N12: when the upstream dies in mid-tunnel, the client sees the end and the event says what passed", async () => {
  const scripts: readonly (readonly ["http" | "socks5", (wire: Wire) => Promise<void>])[] = [
    ["http", async (wire) => {
      await wire.until("\r\n\r\n");
      await wire.send("HTTP/1.1 200 OK\r\n\r\n");
    }],
    ["socks5", async (wire) => {
      await wire.exactly(3);
      await wire.send("\x05\0");
      await wire.exactly(4 + 7 + 2);
      await wire.send("\x05\0\0\x01\0\0\0\0\0\0");
    }],
  ];
  for (const [scheme, open] of scripts) {
    await using server = new TcpServer(async (wire) => {
      await open(wire);
      await wire.exactly(5);
      await wire.send("half an ans");
    });
    await using running = await through(ProxyUrl.loopback(scheme, server.port));
    const { wire } = await askConnect(running, "a.test:8443");
    await wire.send("hello");
    assert.equal(await wire.toEnd(), "half an ans");
    await wire.endWriting().catch(() => {});
    const { detail } = await running.events.next();
    assert.deepEqual([detail?.["sent"], detail?.["received"]], [5, 11], scheme);
  }
});

Deno.test("N13: a name with CR, LF, NUL or a space never reaches an upstream", async () => {
  const names = [
    "a.test\r\nX: y",
    "a.test\r",
    "a.test\n",
    "a\0.test",
    "a.test\0",
    "a .test",
    "a.test\t",
    "a\x7f.test",
  ]
    .concat([
      "a.test\x1b",
      "a\u0085.test",
      "a\u2028.test",
      "a.test:1\r\nX",
      "user@a.test",
      "a.test\r\n\r\nGET / HTTP/1.1",
    ]);
  for (const scheme of ["http", "socks5"] as const) {
    await using server = new TcpServer(async (wire) => {
      await wire.toEnd();
    });
    await using running = await through(ProxyUrl.loopback(scheme, server.port));
    for (const name of names) {
      for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
        assert.equal(
          await attempt(running, name, 80),
          "malformed",
          `${scheme} ${protocol} ${JSON.stringify(utf8(name))}`,
        );
      }
    }
    assert.equal(server.accepted, 0);
  }
});
