import assert from "node:assert/strict";
import { CONNECTED, rudeProxy, socksProxy } from "./fixtures/fake_proxy.ts";
import { askConnect, askSocks, through } from "./fixtures/through.ts";

Deno.test("a SOCKS5 proxy is asked by name, unresolved, and for addresses by their bytes", async () => {
  const cases: readonly (readonly [string, string])[] = [
    ["Example.COM.:8443", "\x03\x0bexample.com\x20\xfb"],
    ["203.0.113.9:8443", "\x01\xcb\0\x71\x09\x20\xfb"],
    ["[2001:db8::1]:8443", "\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\xfb"],
    ["[::ffff:203.0.113.9]:8443", "\x01\xcb\0\x71\x09\x20\xfb"],
  ];
  for (const [target, bytes] of cases) {
    await using proxy = socksProxy();
    await using running = await through(proxy.url, { ownAddresses: () => [] });
    const { wire, response } = await askConnect(running, target);
    assert.equal(response.status, 200, target);
    await wire.send("hello");
    assert.equal(await wire.exactly(5), "hello");
    assert.deepEqual(proxy.asked, [`\x05\x01\0\x05\x01\0${bytes}`]);
  }
});

Deno.test("plain HTTP goes through a SOCKS5 proxy in a tunnel", async () => {
  await using proxy = socksProxy();
  await using running = await through(proxy.url);
  const wire = await running.connect();
  await wire.send("GET http://a.test/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n");
  // The echo is no response, but it shows what was sent.
  assert.equal((await wire.response()).status, 502);
  assert.deepEqual(proxy.asked, ["\x05\x01\0\x05\x01\0\x03\x06a.test\0\x50"]);
});

Deno.test("credentials are given by RFC 1929 where the proxy asks for them", async () => {
  const userinfo = "Al%20addin:open%20s%C3%A9same@";
  await using asks = socksProxy({ method: "\x05\x02", userinfo });
  await using running = await through(asks.url);
  assert.equal((await askSocks(running, "a.test", 8443)).code, 0);
  const login = "\x01\x08Al addin\x0copen s\xc3\xa9same";
  assert.equal(asks.asked[0], `\x05\x02\0\x02${login}\x05\x01\0\x03\x06a.test\x20\xfb`);
  await using trusts = socksProxy({ userinfo });
  await using other = await through(trusts.url);
  assert.equal((await askSocks(other, "a.test", 8443)).code, 0);
  assert.equal(trusts.asked[0]?.slice(0, 8), "\x05\x02\0\x02\x05\x01\0\x03");
});

Deno.test("bound addresses of every type are skipped, and no byte behind them is lost", async () => {
  const bound = ["\x01\x7f\0\0\x01", `\x04${"\0".repeat(16)}`, "\x03\x04host", "\x03\0"];
  for (const address of bound) {
    await using proxy = socksProxy({ reply: `\x05\0\0${address}\0\x50early` });
    await using running = await through(proxy.url);
    const { wire, response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 200);
    await wire.send("later");
    assert.equal(await wire.exactly(10), "earlylater");
  }
});

/** The proxy's reply code, and what becomes of it: SOCKS reply, status, error type (RFC 9209), text. */
const REPLIES: readonly (readonly [number, number, number, string, string])[] = [
  [1, 1, 502, "destination_unavailable", "answered 1 (general failure)"],
  [2, 2, 502, "destination_unavailable", "answered 2 (connection not allowed)"],
  [3, 3, 502, "destination_ip_unroutable", "answered 3 (network unreachable)"],
  [4, 4, 502, "destination_unavailable", "answered 4 (host unreachable)"],
  [5, 5, 502, "connection_refused", "answered 5 (connection refused)"],
  [6, 6, 504, "connection_timeout", "answered 6 (TTL expired)"],
  [7, 7, 502, "proxy_configuration_error", "answered 7 (command not supported)"],
  [8, 8, 502, "destination_unavailable", "answered 8 (address type not supported)"],
  [9, 1, 502, "http_protocol_error", "answered 9 (unknown)"],
  [255, 1, 502, "http_protocol_error", "answered 255 (unknown)"],
];

Deno.test("every reply code reaches SOCKS clients as it is, and HTTP clients as a status", async () => {
  for (const [code, reply, status, error, text] of REPLIES) {
    await using proxy = socksProxy({ reply: `\x05${String.fromCharCode(code)}` });
    await using running = await through(proxy.url);
    assert.equal((await askSocks(running, "a.test", 8443)).code, reply, text);
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, status, text);
    assert.ok(response.head.includes(`Proxy-Status: tombolo; error=${error}; `), response.head);
    assert.equal(
      response.body,
      `tombolo: cannot reach a.test:8443: the upstream proxy ${proxy.url} ${text}\n`,
    );
  }
});

Deno.test("a login that fails is 502 and a general failure, and shows no credentials", async () => {
  const userinfo = "nobody:CANARY@";
  const cases = [
    [{ method: "\x05\x02", login: "\x01\x01", userinfo }, "refused the credentials"],
    [{ method: "\x05\x02" }, "asks for credentials"],
    [{ method: "\x05\xff" }, "asks for credentials"],
    [{ method: "\x05\xff", userinfo }, "takes no user name and password"],
    [{ method: "\x05\x01", userinfo }, "takes no user name and password"],
    [{ method: "\x05\x02", userinfo: `${"x".repeat(256)}@` }, "cannot take credentials above 255 bytes"],
  ] as const;
  for (const [script, text] of cases) {
    await using proxy = socksProxy(script);
    await using running = await through(proxy.url);
    assert.equal((await askSocks(running, "a.test", 8443)).code, 1, text);
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 502);
    assert.match(response.head, /error=proxy_configuration_error;/);
    assert.ok(response.body.endsWith(`${proxy.url} ${text}\n`), response.body);
    assert.doesNotMatch(JSON.stringify([response, running.events.all]), /nobody|CANARY|xxx/);
  }
});

Deno.test("what is no SOCKS5 is 502, an end without an answer 502, silence 504", async () => {
  const cases: readonly (readonly [string, "close" | "wait", number, string])[] = [
    ["HTTP/1.1 400 Bad Request\r\n\r\n", "wait", 502, "http_protocol_error"],
    ["\x05\0\x04\0\0\x01", "wait", 502, "http_protocol_error"],
    ["\x05\0\x05\0\0\x02", "wait", 502, "http_protocol_error"],
    ["", "close", 502, "connection_terminated"],
    ["\x05", "close", 502, "connection_terminated"],
    ["\x05\0", "close", 502, "connection_terminated"],
    [`\x05\0${CONNECTED.slice(0, 9)}`, "close", 502, "connection_terminated"],
    ["", "wait", 504, "connection_read_timeout"],
    ["\x05\0\x05\0", "wait", 504, "connection_read_timeout"],
  ];
  for (const [text, then, status, error] of cases) {
    await using proxy = rudeProxy("socks5", text, then);
    await using running = await through(proxy.url, status === 504 ? { limits: { dial: 50 } } : {});
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, status, JSON.stringify(text));
    assert.ok(response.head.includes(`error=${error};`), response.head);
    assert.equal((await askSocks(running, "a.test", 8443)).code, status === 504 ? 6 : 1);
  }
});
