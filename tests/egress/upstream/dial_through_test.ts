import assert from "node:assert/strict";
import { dialThrough } from "../../../lib/egress/upstream/dial_through.ts";
import { DialError, type DialOptions } from "../../../lib/egress/dial.ts";
import type { Via } from "../../../lib/egress/guarded_dialer.ts";
import { HostPort } from "../../../lib/host/host_port.ts";
import { ProxyUrl } from "../../../lib/host/proxy_url.ts";
import { ip, netPolicy } from "../fixtures/net_policy.ts";
import { TcpServer } from "../fixtures/tcp_server.ts";
import { Wire } from "../fixtures/wire.ts";
import { echo, httpProxy, socksProxy } from "./fixtures/fake_proxy.ts";
import { askConnect, askSocks, through } from "./fixtures/through.ts";
import { AUTHORITY, TlsServer } from "./fixtures/tls_server.ts";

/** A proxy over TLS that opens every tunnel and echoes; keeps the heads. */
function tlsProxy(heads: string[]): TlsServer {
  return new TlsServer(async (wire) => {
    heads.push(await wire.until("\r\n\r\n"));
    await wire.send("HTTP/1.1 200 OK\r\n\r\nearly ");
    await echo(wire);
  });
}

Deno.test("a proxy over TLS is checked by its name or address, and half-closes pass", async () => {
  for (const host of ["127.0.0.1", "proxy.test"]) {
    const heads: string[] = [];
    await using server = tlsProxy(heads);
    const asked: string[] = [];
    await using running = await through(ProxyUrl.parse(`https://me:pw@${host}:${server.port}`), {
      caCerts: [AUTHORITY],
      resolver: (name) => {
        asked.push(name);
        return Promise.resolve([ip("127.0.0.1")]);
      },
    });
    const { wire, response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 200);
    await wire.send("and the rest");
    await wire.endWriting();
    assert.equal(await wire.toEnd(), "early and the rest");
    assert.match(heads[0] ?? "", /^CONNECT a\.test:8443 HTTP\/1\.1\r\n[^]*^Proxy-Authorization: Basic /m);
    // The proxy's own name is looked up, the target's is not.
    assert.deepEqual(asked, host === "proxy.test" ? ["proxy.test"] : []);
  }
});

Deno.test("a proxy whose certificate does not hold is never told anything", async () => {
  const heads: string[] = [];
  await using server = tlsProxy(heads);
  const cases = [
    [`https://me:CANARY@127.0.0.1:${server.port}`, [], /UnknownIssuer/],
    [`https://me:CANARY@other.test:${server.port}`, [AUTHORITY], /not valid for name/],
  ] as const;
  for (const [url, caCerts, reason] of cases) {
    const proxy = ProxyUrl.parse(url);
    await using running = await through(proxy, {
      caCerts,
      resolver: () => Promise.resolve([ip("127.0.0.1")]),
    });
    const { response } = await askConnect(running, "a.test:8443");
    assert.equal(response.status, 502);
    assert.match(response.head, /error=tls_certificate_error;/);
    assert.match(response.body, reason);
    assert.equal((await askSocks(running, "a.test", 8443)).code, 1);
    assert.doesNotMatch(JSON.stringify([response, running.events.all]), /CANARY/);
  }
  assert.deepEqual(heads, []);
});

Deno.test("a proxy that does not speak TLS is 502 where it answers, 504 where it does not", async () => {
  await using plain = httpProxy();
  await using server = new TcpServer(async (wire) => {
    await wire.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    await wire.toEnd();
  });
  const at = (port: number) => ProxyUrl.parse(`https://127.0.0.1:${port}`);
  await using running = await through(at(server.port), { caCerts: [AUTHORITY] });
  const { response } = await askConnect(running, "a.test:8443");
  assert.equal(response.status, 502);
  assert.match(response.head, /error=tls_protocol_error;/);
  await using waiting = await through(at(plain.url.host.port), {
    caCerts: [AUTHORITY],
    limits: { dial: 50 },
  });
  assert.equal((await askConnect(waiting, "a.test:8443")).response.status, 504);
});

Deno.test("a proxy that cannot be reached is 502 and names itself, not the host behind it", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using refused = await through(ProxyUrl.parse(`http://127.0.0.1:${port}`));
  const { response } = await askConnect(refused, "a.test:8443");
  assert.equal(response.status, 502);
  assert.match(response.head, /error=destination_unavailable;/);
  assert.equal(
    response.body,
    `tombolo: cannot reach a.test:8443: the upstream proxy http://127.0.0.1:${port} cannot be reached: the host refused the connection\n`,
  );
  assert.equal((await askSocks(refused, "a.test", 8443)).code, 1);

  await using unknown = await through(ProxyUrl.parse("http://proxy.test:3128"), {
    resolver: () => Promise.resolve([]),
  });
  assert.match(
    (await askConnect(unknown, "a.test:8443")).response.body,
    /the upstream proxy http:\/\/proxy\.test:3128 cannot be reached: its name has no address/,
  );
  await using slow = await through(ProxyUrl.parse("http://proxy.test:3128"), {
    resolver: () => new Promise(() => {}),
    limits: { dial: 20 },
  });
  assert.equal((await askConnect(slow, "a.test:8443")).response.status, 504);
});

Deno.test("the proxy's own address is the user's choice: loopback, fixed names and localhost will do", async () => {
  await using proxy = httpProxy();
  const { port } = proxy.url.host;
  const policy = { allow: ["a.test"], deny: ["127.0.0.0/8"], resolve: { "fixed.test": ["127.0.0.1"] } };
  for (const host of ["127.0.0.1", "localhost", "fixed.test"]) {
    await using running = await through(ProxyUrl.parse(`http://${host}:${port}`), {}, policy);
    assert.equal((await askConnect(running, "a.test:8443")).response.status, 200, host);
  }
});

Deno.test("behind a proxy, addresses, localhost and metadata names are guarded as ever", async () => {
  await using proxy = httpProxy();
  await using running = await through(proxy.url, { ownAddresses: () => [ip("203.0.113.1")] }, {
    allowAll: true,
    allow: ["*.internal"],
    deny: ["203.0.113.7", "ads.test"],
  });
  const denied = [
    "127.0.0.1",
    "0x7f.1",
    "10.0.0.1",
    "169.254.169.254",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::a00:1]",
  ]
    .concat([
      "203.0.113.1",
      "203.0.113.7",
      "ads.test",
      "localhost",
      "a.localhost",
      "metadata.google.internal",
    ]);
  for (const host of denied) {
    assert.equal((await askConnect(running, `${host}:8443`)).response.status, 403, host);
    const { decision, detail } = await running.events.next();
    assert.deepEqual([decision, detail], ["deny", undefined], host);
  }
  assert.deepEqual(proxy.asked, []);
  for (const host of ["203.0.113.9", "a.test"]) {
    assert.equal((await askConnect(running, `${host}:8443`)).response.status, 200, host);
  }
});

Deno.test("a fixed name is asked for by its checked address", async () => {
  await using proxy = httpProxy();
  const resolve = { "fixed.test": ["203.0.113.5"], "inner.test": ["10.0.0.1"] };
  await using running = await through(proxy.url, { ownAddresses: () => [] }, { allowAll: true, resolve });
  assert.equal((await askConnect(running, "fixed.test:8443")).response.status, 200);
  assert.match(proxy.asked[0] ?? "", /^CONNECT 203\.0\.113\.5:8443 /);
  const { response } = await askConnect(running, "inner.test:8443");
  assert.equal(response.status, 403);
  assert.match(response.body, /resolves to 10\.0\.0\.1, which is private/);
});

Deno.test("plain HTTP goes to an HTTP proxy in absolute form, without CONNECT", async () => {
  await using http = httpProxy();
  await using socks = socksProxy();
  const options: DialOptions = {
    policy: netPolicy({ allowAll: true, resolve: { "fixed.test": ["203.0.113.5"] } }),
    resolver: () => Promise.reject(new Error("asked")),
    ownAddresses: () => [],
  };
  const dialed = async (proxy: ProxyUrl, host: string, via: Via) => {
    const { connection, absoluteForm = false, proxy: through, address } = await dialThrough(
      proxy,
      HostPort.parse(host, 80),
      via,
      options,
    );
    using _ = new Wire(connection);
    assert.deepEqual([through, address], [proxy, undefined]);
    return absoluteForm;
  };
  assert.equal(await dialed(http.url, "a.test", "http"), true);
  assert.deepEqual(http.asked, []);
  assert.equal(await dialed(http.url, "203.0.113.9", "http"), true);
  assert.equal(await dialed(http.url, "a.test", "connect"), false);
  // Its name means nothing to the proxy.
  assert.equal(await dialed(http.url, "fixed.test", "http"), false);
  assert.equal(http.asked.length, 2);
  assert.equal(await dialed(socks.url, "a.test", "http"), false);
  await assert.rejects(
    dialed(http.url, "10.0.0.1", "http"),
    (error) => error instanceof DialError && error.failure === "denied",
  );
});
