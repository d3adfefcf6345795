import assert from "node:assert/strict";
import { HostPattern } from "../../lib/host/host_pattern.ts";
import {
  absolute,
  connect,
  http,
  portBytes,
  PROTOCOLS,
  socks,
  socksName,
  trap,
  utf8,
  type Verdict,
} from "../egress/fixtures/attempt.ts";
import { spellings } from "../egress/fixtures/ipv4_spellings.ts";
import { ip } from "../egress/fixtures/net_policy.ts";
import { startGateway } from "../egress/fixtures/running_gateway.ts";
import { headServer, TcpServer } from "../egress/fixtures/tcp_server.ts";

Deno.test("N1: with an empty allow list nothing leaves, by any protocol", async () => {
  await using server = headServer();
  const { running, asked, dialed } = await trap({ allow: [] }, server.port);
  await using _ = running;
  for (
    const host of [
      "example.com",
      "127.0.0.1",
      "203.0.113.1",
      "localhost",
      "[::1]",
      "metadata.google.internal",
    ]
  ) {
    for (const [name, attempt] of Object.entries(PROTOCOLS)) {
      assert.equal(await attempt(running, host, server.port), "denied", `${name} ${host}`);
    }
  }
  assert.equal(await socks(running, `\x05\x01\0\x01\x7f\0\0\x01${portBytes(server.port)}`), "denied");
  assert.deepEqual([asked, dialed, server.accepted], [[], [], 0]);
  assert.ok(
    running.events.all.length === 19 && running.events.all.every(({ decision }) => decision === "deny"),
  );
});

Deno.test("N1: a blank rule is an error, never a rule that matches everything", () => {
  for (const text of ["", " ", "\t", "*", "*:443", "*.", ".", ":443", "/", "/0"]) {
    assert.throws(() => HostPattern.parse(text), text);
  }
});

Deno.test("N2: names with controls, spaces, escapes and separators reach neither resolver nor network", async () => {
  await using server = headServer();
  const names = [
    "ok.test\0",
    "\0ok.test",
    "ok\0.test",
    "ok.test\n",
    "ok.test\r",
    "ok.test\r\nX: y",
    "ok.test ",
    " ok.test",
    "ok test",
  ]
    .concat([
      "ok.test%00",
      "ok%2etest",
      "ok.test%0d%0a",
      "ok.test/",
      "/ok.test",
      "ok.test\\",
      "user@ok.test",
      "evil.test#ok.test",
    ])
    .concat([
      "ok.test?",
      "",
      "ok.test\x1b[2J",
      "ok.test\x7f",
      "ok.test\u0085",
      "ok.test;",
      "ok,test",
      "ok:test",
      "ok.test\t",
    ])
    .concat([`${"a".repeat(64)}.test`, `${"a.".repeat(125)}test`, `${"a.".repeat(126)}abc`]);
  // The widest policy there is: only the parser stands in the way.
  const { running, asked, dialed } = await trap({
    allowAll: true,
    allow: ["*.test", "127.0.0.1", "0.0.0.0/0"],
  }, server.port);
  await using _ = running;
  for (const name of names) {
    for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
      // A slash, a query or a number sign is no part of the host in a URL: what stands before it is.
      if (protocol === "absolute" && /^ok\.test[/?]/.test(name)) continue;
      assert.equal(await attempt(running, name, 80), "malformed", `${protocol} ${JSON.stringify(name)}`);
    }
    const host = `GET http://ok.test/ HTTP/1.1\r\nHost: ${utf8(name)}\r\n\r\n`;
    // White space round a field's value is no part of it, and a whole line more is another field.
    if (name.split("\r\n")[0]?.trim() !== "ok.test") {
      assert.notEqual((await http(running, host)).verdict, "open", `Host ${JSON.stringify(name)}`);
    }
  }
  assert.deepEqual([asked, dialed, server.accepted], [[], [], 0]);
});

Deno.test("N3: every way to write an allowed name is that name, and nothing else is", async () => {
  await using server = headServer();
  const { running, asked } = await trap({
    allow: ["ok.test", "127.0.0.1", "xn--bcher-kva.test"],
    deny: ["bad.test"],
  }, server.port);
  await using _ = running;
  const cases: readonly (readonly [string, Verdict])[] = [
    ["OK.TEST", "open"],
    ["ok.test.", "open"],
    ["ok.test..", "malformed"],
    ["[ok.test]", "malformed"],
    ["[fe80::1%eth0]", "malformed"],
    ["\uff4fk.test", "open"],
    ["ok\u3002test", "open"],
    ["\u043ek.test", "denied"],
    ["B\u00fccher.test", "open"],
    ["xn--bcher-kva.test", "open"],
    ["xn--ok-.test", "malformed"],
    ["\uff42ad.test", "denied"],
    ["BAD.test.", "denied"],
    ["ba\u00add.test", "denied"],
  ];
  for (const [host, verdict] of cases) {
    for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
      assert.equal(await attempt(running, host, server.port), verdict, `${protocol} ${JSON.stringify(host)}`);
    }
  }
  assert.deepEqual([...new Set(asked)].sort(), ["ok.test", "xn--bcher-kva.test"]);
});

const TARGETS: readonly (readonly [number, number, number, number])[] = [
  [127, 0, 0, 1],
  [169, 254, 169, 254],
  [10, 0, 0, 1],
];

for (const [a, b, c, d] of TARGETS) {
  Deno.test(`N4: no spelling of ${a}.${b}.${c}.${d} passes a bare allow`, async () => {
    await using server = headServer();
    const { running, asked, dialed } = await trap({ allowAll: true }, server.port);
    await using _ = running;
    for (const host of spellings(a, b, c, d)) {
      for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
        assert.equal(await attempt(running, host, server.port), "denied", `${protocol} ${host}`);
      }
      const bytes = host.startsWith("[") ? ip(host).bytes : Uint8Array.of(a, b, c, d);
      const raw = `\x05\x01\0${bytes.length === 4 ? "\x01" : "\x04"}${String.fromCharCode(...bytes)}${
        portBytes(server.port)
      }`;
      assert.equal(await socks(running, raw), "denied", `SOCKS address ${host}`);
    }
    assert.deepEqual([asked, dialed, server.accepted], [[], [], 0]);
  });
}

Deno.test("N4: every spelling passes where a rule names the address, so the table above can fail", async () => {
  await using server = headServer();
  const { running, dialed } = await trap({ allow: ["127.0.0.1"] }, server.port);
  await using _ = running;
  // Up to the IPv4-in-IPv6 forms that mean the very same address.
  const same = spellings(127, 0, 0, 1).filter((host) => !/ff9b|2002|2001|ffff:0:/.test(host));
  for (const host of same) assert.equal(await connect(running, host, server.port), "open", host);
  assert.equal(same.length, 19);
  assert.deepEqual([...new Set(dialed)], ["127.0.0.1"]);
});

Deno.test("N5: names that resolve to this machine are denied, whatever the answer looks like", async () => {
  for (
    const answer of [
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "64:ff9b::7f00:1",
      "10.0.0.1",
      "169.254.169.254",
      "fd00::1",
      "0.0.0.0",
    ]
  ) {
    await using server = headServer();
    await using running = await startGateway({ allowAll: true }, {
      resolver: () => Promise.resolve([ip(answer)]),
    });
    for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
      assert.equal(await attempt(running, "rebind.test", server.port), "denied", `${protocol} ${answer}`);
    }
    assert.equal(server.accepted, 0);
  }
});

Deno.test("N6: metadata services are denied by address and by name", async () => {
  const { running, asked, dialed } = await trap(
    { allowAll: true, allow: ["*.internal", "*.tencentyun.com"] },
    1,
  );
  await using _ = running;
  const hosts = [
    "169.254.169.254",
    "[fd00:ec2::254]",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "169.254.170.2",
  ]
    .concat([
      "metadata.google.internal",
      "METADATA.google.internal.",
      "metadata",
      "instance-data.ec2.internal",
      "metadata.tencentyun.com",
    ]);
  for (const host of hosts) {
    for (const [protocol, attempt] of Object.entries(PROTOCOLS)) {
      assert.equal(await attempt(running, host, 80), "denied", `${protocol} ${host}`);
    }
  }
  assert.deepEqual([asked, dialed], [[], []]);
});

Deno.test("N8: requests that two readers could understand differently are 400 and reach no server", async () => {
  await using server = headServer();
  await using running = await startGateway({
    allow: ["ok.test", "127.0.0.1"],
    resolve: { "ok.test": ["127.0.0.1"] },
  });
  const line = `POST http://ok.test:${server.port}/ HTTP/1.1\r\n`;
  const host = `Host: ok.test:${server.port}\r\n`;
  const requests: readonly (readonly [string, string])[] = [
    ["no Host", `${line}\r\n`],
    ["Host unlike the authority", `${line}Host: other.test:${server.port}\r\n\r\n`],
    ["Host with another port", `${line}Host: ok.test\r\n\r\n`],
    ["empty Host", `${line}Host:\r\n\r\n`],
    ["two Hosts", `${line}${host}${host}\r\n`],
    ["two unlike Hosts", `${line}${host}Host: other.test\r\n\r\n`],
    ["credentials in the authority", `POST http://a@ok.test:${server.port}/ HTTP/1.1\r\n${host}\r\n`],
    ["Content-Length twice", `${line}${host}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
    ["a list of Content-Lengths", `${line}${host}Content-Length: 5, 5\r\n\r\nhello`],
    ["TE and CL", `${line}${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["TE twice", `${line}${host}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["TE not chunked", `${line}${host}Transfer-Encoding: identity\r\n\r\n`],
    ["TE with a vertical tab", `${line}${host}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`],
    ["TE behind a space", `${line}${host}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`],
    ["obs-fold", `${line}${host}X: a\r\n b\r\n\r\n`],
    ["obs-fold of TE", `${line}${host}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
    ["bare LF", `${line}${host}X: a\nY: b\r\n\r\n`],
    ["bare LF at the end", `${line}${host}\n`],
    ["bare CR", `${line}${host}X: a\rY: b\r\n\r\n`],
    ["NUL", `${line}${host}X: a\0b\r\n\r\n`],
    ["origin-form", `GET / HTTP/1.1\r\n${host}\r\n`],
    ["absolute https", `GET https://ok.test:${server.port}/ HTTP/1.1\r\n${host}\r\n`],
  ];
  for (const [name, request] of requests) {
    // The second request must never be seen: the connection ends with the first.
    const { verdict, text } = await http(
      running,
      `${request}GET http://ok.test:${server.port}/smuggled HTTP/1.1\r\n${host}\r\n`,
    );
    assert.equal(verdict, "malformed", name);
    assert.equal(text.split("HTTP/1.1 ").length, 2, name);
  }
  assert.equal(server.accepted, 0);
});

Deno.test("N8: a second request on a connection is decided on its own", async () => {
  await using server = headServer();
  await using running = await startGateway({
    allow: ["ok.test", "127.0.0.1:1"],
    resolve: { "ok.test": ["127.0.0.1"] },
  });
  const { text } = await http(
    running,
    `GET http://other.test/ HTTP/1.1\r\nHost: other.test\r\n\r\nGET http://127.0.0.1:${server.port}/ HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`,
  );
  assert.equal(text.split("HTTP/1.1 403").length, 3);
  assert.equal(server.accepted, 0);
});

Deno.test("N10: idle clients, slow handshakes and a client that never reads do not keep others from being served", async () => {
  await using server = headServer();
  await using flood = new TcpServer(async (wire) => await wire.send(new Uint8Array(64 * 1024 * 1024)));
  await using running = await startGateway({ allow: ["127.0.0.1"] }, { limits: { idle: 2000 } });
  const idle = await Promise.all(Array.from({ length: 1000 }, () => running.connect()));
  for (const wire of idle.slice(0, 200)) await wire.send("CONNECT ");
  const greedy = await running.connect();
  await greedy.send(`CONNECT 127.0.0.1:${flood.port} HTTP/1.1\r\n\r\n`);
  assert.equal((await greedy.response("CONNECT")).status, 200);
  assert.equal(await connect(running, "127.0.0.1", server.port), "open");
  assert.equal(await absolute(running, "127.0.0.1", server.port), "open");
});

Deno.test("N13: no control character of a name or a field reaches a server", async () => {
  const heads: string[] = [];
  await using server = new TcpServer(async (wire) => {
    heads.push(await wire.until("\r\n\r\n"));
    await wire.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  await using running = await startGateway({
    allow: ["127.0.0.1", "*.test"],
    resolve: { "ok.test": ["127.0.0.1"] },
  });
  const requests = ["", "\x1b", "\x0b", "\x08", "\x7f", "\x85"].map((control) =>
    `GET http://ok.test:${server.port}/a${control} HTTP/1.1\r\nHost: ok.test:${server.port}\r\nX: a${control}b\r\n\r\n`
  );
  for (const request of requests) await http(running, request);
  // The plain one, and the byte 0x85, which is no control in a header field (RFC 9110 5.5, obs-text).
  assert.equal(heads.length, 2);
  // deno-lint-ignore no-control-regex
  for (const head of heads) assert.match(head, /^[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f]*$/);
});

Deno.test("R1: host names with ESC, CR, bidi and backspace are escaped in bodies, headers and reasons", async () => {
  await using running = await startGateway({ allowAll: true });
  for (
    const unsafe of ["\x1b[2J", "\r", "\x08\x08", "\u202e", "\u2066", "\x9b", "\u200b", "\ufeff", "\x7f"]
  ) {
    const name = `a${unsafe}b.test`;
    for (
      const request of [
        `CONNECT ${utf8(name)}:443 HTTP/1.1\r\n\r\n`,
        `GET http://${utf8(name)}/ HTTP/1.1\r\nHost: a\r\n\r\n`,
      ]
    ) {
      const { text } = await http(running, request);
      const [head = "", body = ""] = text.split("\r\n\r\n");
      assert.match(head, /^[\x20-\x7e\r\n]+$/, JSON.stringify(name));
      assert.match(body, /^[\x20-\x7e]+\n$/, JSON.stringify(name));
    }
    await socksName(running, name, 443);
  }
  assert.ok(running.events.all.length > 0);
  for (const { reason, suggestion } of running.events.all) {
    assert.doesNotMatch(`${reason}${suggestion ?? ""}`, /[\p{Cc}\p{Cf}]/u);
  }
});
