import assert from "node:assert/strict";
import { ProxyUrl } from "../../../lib/host/proxy_url.ts";
import { TcpServer } from "../fixtures/tcp_server.ts";
import { httpProxy, rudeProxy } from "./fixtures/fake_proxy.ts";
import { askConnect, askSocks, through } from "./fixtures/through.ts";

Deno.test("a tunnel through an HTTP proxy is asked for by name, unresolved, and carries bytes both ways", async () => {
  await using proxy = httpProxy();
  await using running = await through(proxy.url);
  const { wire, response } = await askConnect(running, "Example.COM.:8443");
  assert.equal(response.status, 200);
  await wire.send("hello");
  assert.equal(await wire.exactly(5), "hello");
  await wire.endWriting();
  assert.equal(await wire.toEnd(), "");
  assert.deepEqual(proxy.asked, ["CONNECT example.com:8443 HTTP/1.1\r\nHost: example.com:8443\r\n\r\n"]);
  const { duration: _, ...detail } = (await running.events.next()).detail ?? {};
  assert.deepEqual(detail, {
    via: "connect",
    upstream: proxy.url.toString(),
    sent: 5,
    received: 5,
    ended: "eof",
  });
});

Deno.test("a SOCKS client goes through an HTTP proxy as well", async () => {
  await using proxy = httpProxy();
  await using running = await through(proxy.url);
  const { wire, code } = await askSocks(running, "a.test", 22);
  assert.equal(code, 0);
  await wire.send("hello");
  assert.equal(await wire.exactly(5), "hello");
  assert.deepEqual(proxy.asked, ["CONNECT a.test:22 HTTP/1.1\r\nHost: a.test:22\r\n\r\n"]);
});

Deno.test("credentials go to the proxy as Basic in UTF-8, and nowhere else", async () => {
  await using proxy = httpProxy("HTTP/1.1 200 OK\r\n\r\n", "Al%20addin:open%20s%C3%A9same:x@");
  await using running = await through(proxy.url);
  assert.equal((await askConnect(running, "a.test:8443")).response.status, 200);
  const field = /^Proxy-Authorization: Basic (.*)\r$/m.exec(proxy.asked[0] ?? "")?.[1] ?? "";
  assert.equal(new TextDecoder().decode(Uint8Array.fromBase64(field)), "Al addin:open s\u00e9same:x");
});

Deno.test("no byte of the tunnel is lost that comes with the proxy's answer", async () => {
  const heads = ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n"].concat([
    "HTTP/1.1 200\r\n\r\n",
    "HTTP/1.1 200 OK\n\n",
    "HTTP/1.1 200 OK\nVia: x\r\n\n",
    "HTTP/1.1 299 \r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\nLink: a\n\nHTTP/1.1 200 OK\r\n\r\n",
    `HTTP/1.1 200 OK\r\nPadding: ${"x".repeat(8192 - 32)}\r\n\r\n`,
  ]);
  for (const head of heads) {
    await using proxy = httpProxy(`${head}\r\n\r\nearly`);
    await using running = await through(proxy.url);
    const { wire, response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 200, head.slice(0, 100));
    await wire.send("later");
    assert.equal(await wire.exactly(14), "\r\n\r\nearlylater", head.slice(0, 100));
  }
});

Deno.test("an answer that comes byte by byte is understood, and ends where it ends", async () => {
  await using proxy = httpProxy([..."HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nearly"]);
  await using running = await through(proxy.url);
  const { wire, response } = await askConnect(running, "a.test:8443");
  assert.equal(response.status, 200);
  assert.equal(await wire.exactly(5), "early");
});

const OVERSIZE = `HTTP/1.1 200 OK\r\nPadding: ${"x".repeat(8192)}\r\n\r\n`;

/** What a proxy answers, and what becomes of it: status, error type (RFC 9209), text, SOCKS reply. */
const REFUSALS: readonly (readonly [answer: string, error: string, text: string, reply: number])[] = [
  [
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
    "proxy_configuration_error",
    "answered 407 Proxy Authentication Required",
    1,
  ],
  [
    "HTTP/1.1 401 Unauthorized\r\n\r\n",
    "proxy_configuration_error",
    "answered 401 Unauthorized",
    1,
  ],
  [
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "destination_unavailable",
    "answered 403 Forbidden",
    2,
  ],
  ["HTTP/1.1 502 Bad Gateway\r\n\r\n", "destination_unavailable", "answered 502 Bad Gateway", 4],
  ["HTTP/1.0 504 Late\n\n", "destination_unavailable", "answered 504 Late", 4],
  ["HTTP/1.1 500\r\n\r\n", "destination_unavailable", "answered 500", 4],
  ["HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "destination_unavailable", "answered 302 Found", 1],
  ["HTTP/1.1 101 Switching\r\n\r\n", "destination_unavailable", "answered 101 Switching", 1],
  ["HTTP/1.1 400 a\x1b[2Jb\x9b\r\n\r\n", "destination_unavailable", "answered 400 a\\x1b[2Jb\\x9b", 1],
  [`HTTP/1.1 400 ${"x".repeat(500)}\r\n\r\n`, "destination_unavailable", `answered 400 ${"x".repeat(80)}`, 1],
  ["SSH-2.0-OpenSSH\r\n", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["HTTP/2 200 OK\r\n\r\n", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["HTTP/1.1 20 OK\r\n\r\n", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["HTTP/1.1 099 OK\r\n\r\n", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["\r\nHTTP/1.1 200 OK\r\n\r\n", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["\x15\x03\x01\0\x02\x02\x46", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  ["\x05\xff", "http_protocol_error", "does not answer as an HTTP proxy", 1],
  [OVERSIZE, "http_response_header_section_size", "answered with a head above 8192 bytes", 1],
  [
    "HTTP/1.1 100 x\r\n\r\n".repeat(600),
    "http_response_header_section_size",
    "answered with a head above 8192 bytes",
    1,
  ],
];

Deno.test("a proxy's refusal is 502 and names the proxy and its status; SOCKS clients get the matching reply", async () => {
  for (const [answer, error, text, reply] of REFUSALS) {
    // In words of their own, so that none of them stands in an answer by chance.
    await using proxy = httpProxy(answer, "nobody:CANARY@");
    await using running = await through(proxy.url);
    const { response, wire } = await askConnect(running, "a.test:8443");
    const said = `cannot reach a.test:8443: the upstream proxy ${proxy.url} ${text}`;
    assert.equal(response.status, 502, text);
    assert.equal(response.body, `tombolo: ${said}\n`);
    assert.ok(response.head.includes(`Proxy-Status: tombolo; error=${error}; `), response.head);
    assert.equal(await wire.toEnd(), "");
    assert.equal((await askSocks(running, "a.test", 8443)).code, reply, text);
    const event = await running.events.next();
    assert.equal(event.detail?.["error"], `the upstream proxy ${proxy.url} ${text}`);
    assert.equal(event.detail?.["upstream"], proxy.url.toString());
    assert.doesNotMatch(JSON.stringify([response, running.events.all]), /nobody|CANARY/);
  }
});

Deno.test("a phrase that repeats the credentials is left out", async () => {
  const token = new TextEncoder().encode("nob\u00f6dy:CANARY").toBase64();
  for (const phrase of ["no CANARY here", `Basic ${token}`, "who is nob\xc3\xb6dy"]) {
    await using proxy = httpProxy(`HTTP/1.1 407 ${phrase}\r\n\r\n`, "nob%C3%B6dy:CANARY@");
    await using running = await through(proxy.url);
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(
      response.body,
      `tombolo: cannot reach a.test:8443: the upstream proxy ${proxy.url} answered 407\n`,
    );
  }
});

Deno.test("a proxy that ends without an answer is 502, one that stays silent 504", async () => {
  for (const text of ["", "HTTP/1.1 200 O", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 100 x\r\n\r\n"]) {
    await using gone = rudeProxy("http", text, "close");
    await using running = await through(gone.url);
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 502, text);
    assert.match(response.head, /error=connection_terminated;/);
    assert.match(response.body, /closed the connection without an answer\n$/);
    assert.equal((await askSocks(running, "a.test", 8443)).code, 1);

    await using silent = rudeProxy("http", text, "wait");
    await using waiting = await through(silent.url, { limits: { dial: 50 } });
    const late = (await askConnect(waiting, "a.test:8443")).response;
    assert.equal(late.status, 504, text);
    assert.match(late.head, /error=connection_read_timeout;/);
    assert.match(late.body, /the upstream proxy http:\/\/127\.0\.0\.1:\d+ did not answer in time\n$/);
    assert.equal((await askSocks(waiting, "a.test", 8443)).code, 6);
  }
});

Deno.test("closing the gateway ends what waits for a proxy's answer", async () => {
  const asked = Promise.withResolvers<void>();
  await using silent = new TcpServer(async (wire) => {
    await wire.until("\r\n\r\n");
    asked.resolve();
    await wire.toEnd();
  });
  await using running = await through(ProxyUrl.loopback("http", silent.port));
  const wire = await running.connect();
  await wire.send("CONNECT a.test:8443 HTTP/1.1\r\n\r\n");
  await asked.promise;
  await running.gateway.close();
  await wire.toEnd();
  assert.equal((await running.events.next()).detail?.["error"], "the gateway is closing");
});
