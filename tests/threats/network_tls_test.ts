import assert from "node:assert/strict";
import {
  bytes,
  EXTENSION,
  hello,
  helloMessage,
  inRecords,
  serverName,
  TLS13,
} from "../egress/fixtures/client_hello.ts";
import { Recorder } from "../egress/fixtures/recorder.ts";
import { retryRequest } from "../egress/fixtures/retry_request.ts";
import { startGateway } from "../egress/fixtures/running_gateway.ts";
import { byConnect, DECODE_ERROR, TUNNELS, UNRECOGNIZED_NAME } from "../egress/fixtures/tunnel_through.ts";

const LOCAL = { allow: ["127.0.0.1", "*.test"], resolve: { "ok.test": ["127.0.0.1"] } };
/** A reserved value (RFC 8701). */
const GREASE = 0x3a3a;

function text(data: Uint8Array): string {
  return String.fromCharCode(...data);
}

/** A record with an alert that ends nothing: user_canceled. */
const WARNING = [0x15, 3, 1, 0, 2, 1, 90];
/** A ClientHello of SSL 2 for TLS 1.2: one suite, no session, 16 random bytes. */
const SSL2_HELLO = bytes([0x80, 28, 1, 3, 3, 0, 3, 0, 0, 0, 16, 0, 0, 0x2f], new Uint8Array(16).fill(7));

const other = helloMessage({ extensions: [serverName("other.test"), ...TLS13] });

const FRONTING: readonly (readonly [how: string, sent: Uint8Array, said: string])[] = [
  ["another name", hello("other.test"), UNRECOGNIZED_NAME],
  ["another name in tiny records", inRecords(other, ...Array(other.length).fill(1)), UNRECOGNIZED_NAME],
  ["another name across two records", inRecords(other, other.length - 90), UNRECOGNIZED_NAME],
  ["a subdomain's name", hello("www.ok.test"), UNRECOGNIZED_NAME],
  ["a name that begins like the host's", hello("ok.test.other.test"), UNRECOGNIZED_NAME],
  ["a name that ends like the host's", hello("xok.test"), UNRECOGNIZED_NAME],
  ["the host's address", hello("127.0.0.1"), UNRECOGNIZED_NAME],
  ["no name", hello(), UNRECOGNIZED_NAME],
  ["no extensions", inRecords(helloMessage({ extensions: undefined })), UNRECOGNIZED_NAME],
  ["a name that no host has", hello("ok.test/"), UNRECOGNIZED_NAME],
  [
    "the right name beside an encrypted one",
    hello("ok.test", [[EXTENSION.hidden, new Uint8Array(80)]]),
    UNRECOGNIZED_NAME,
  ],
  [
    "another name among GREASE",
    hello("other.test", [[GREASE, new Uint8Array(1)], ...TLS13]),
    UNRECOGNIZED_NAME,
  ],
  [
    "the name in a reserved extension alone",
    hello(undefined, [[GREASE, serverName("ok.test")[1]]]),
    UNRECOGNIZED_NAME,
  ],
  ["two names", inRecords(helloMessage({ extensions: [serverName("ok.test", "other.test")] })), DECODE_ERROR],
  [
    "two names, the right one last",
    inRecords(helloMessage({ extensions: [serverName("other.test", "ok.test")] })),
    DECODE_ERROR,
  ],
  ["two lists of names", hello("ok.test", [serverName("other.test")]), DECODE_ERROR],
  ["an empty name", hello(""), DECODE_ERROR],
  ["a name cut by NUL", hello("ok.test\0.other.test"), DECODE_ERROR],
  ["two ClientHellos in one record", inRecords(bytes(hello("ok.test").subarray(5), other)), DECODE_ERROR],
  ["an empty record first", bytes([0x16, 3, 1, 0, 0], hello("ok.test")), DECODE_ERROR],
  [
    "another record in between",
    bytes(inRecords(other.subarray(0, 9)), [0x15, 3, 1, 0, 2, 1, 0], inRecords(other.subarray(9))),
    DECODE_ERROR,
  ],
  [
    "a record of a version that servers may overlook",
    bytes([0x16, 0, 0], hello("other.test").subarray(3)),
    DECODE_ERROR,
  ],
  ["a warning before it, which Go and rustls overlook,", bytes(WARNING, hello("other.test")), DECODE_ERROR],
  [
    "a warning of no version before it",
    bytes([0x15, 0, 0, ...WARNING.slice(3)], hello("other.test")),
    DECODE_ERROR,
  ],
  ["a change of ciphers before it", bytes([0x14, 3, 1, 0, 1, 1], hello("other.test")), DECODE_ERROR],
  ["an SSL 2 header before it, which names no server,", SSL2_HELLO, DECODE_ERROR],
  [
    "a ClientHello without end",
    bytes([0x16, 3, 1, 0x40, 0, 1, 0x7f, 0, 0], new Uint8Array(20_000)),
    DECODE_ERROR,
  ],
];

for (const [how, sent, said] of FRONTING) {
  Deno.test(`N7: ${how} in the ClientHello reaches no byte of the server`, async () => {
    await using server = new Recorder();
    await using running = await startGateway(LOCAL);
    for (const tunnel of Object.values(TUNNELS)) {
      const wire = await tunnel(running, "ok.test", server.port);
      await wire.send(sent);
      assert.equal(await wire.toEnd(), said);
      assert.equal(await server.next(), "");
      const { decision, target } = await running.events.next();
      assert.deepEqual([decision, target], ["deny", `ok.test:${server.port}`]);
    }
    assert.equal(running.events.all.length, 2);
  });
}

Deno.test("N7: the host's own name passes, so the table above can fail", async () => {
  await using server = new Recorder();
  await using running = await startGateway(LOCAL);
  for (const sent of [hello("ok.test"), hello("ok.test", [[GREASE, new Uint8Array(1)], ...TLS13])]) {
    const wire = await byConnect(running, "ok.test", server.port);
    await wire.send(sent);
    await wire.endWriting();
    await wire.toEnd();
    assert.equal(await server.next(), text(sent));
  }
});

Deno.test("N7: a second ClientHello cannot name another host, also one that does not wait to be asked", async () => {
  await using server = new Recorder(retryRequest());
  await using running = await startGateway(LOCAL);
  const padding = bytes([0x14, 3, 3, 0, 1, 1]);
  const earlyData = bytes([0x17, 3, 3, 0, 3, 7, 7, 7]);
  const tiny = inRecords(other, ...Array(other.length).fill(1));
  const seconds: readonly (readonly [passed: Uint8Array, second: Uint8Array, said: string])[] = [
    [bytes(), hello("other.test"), UNRECOGNIZED_NAME],
    [padding, hello("other.test"), UNRECOGNIZED_NAME],
    [bytes(earlyData, padding), hello("other.test"), UNRECOGNIZED_NAME],
    [padding, tiny, UNRECOGNIZED_NAME],
    [bytes(), hello(), UNRECOGNIZED_NAME],
    [padding, hello("ok.test").subarray(0, 40), DECODE_ERROR],
    [bytes(), bytes([0x18, 3, 3, 0, 1, 0], hello("other.test")), DECODE_ERROR],
    [bytes(), bytes([0x16, 3, 3, 0, 1, 0], hello("other.test")), DECODE_ERROR],
  ];
  for (const [passed, second, said] of seconds) {
    for (const waits of [true, false]) {
      const wire = await byConnect(running, "ok.test", server.port);
      const first = hello("ok.test");
      if (waits) {
        await wire.send(first);
        assert.equal(await wire.exactly(retryRequest().length), text(retryRequest()));
        await wire.send(bytes(passed, second));
      } else {
        await wire.send(bytes(first, passed, second));
      }
      await wire.endWriting();
      assert.equal(await wire.toEnd(), waits ? said : text(retryRequest()) + said);
      assert.equal(await server.next(), text(bytes(first, passed)));
      assert.equal((await running.events.next()).decision, "deny");
    }
  }
});

Deno.test("N7: a denied name is not reached by asking for its address", async () => {
  await using server = new Recorder();
  await using running = await startGateway({ allowAll: true, allow: ["127.0.0.1"], deny: ["ads.example"] });
  for (const name of ["ads.example", "ADS.example."]) {
    const wire = await byConnect(running, "127.0.0.1", server.port);
    await wire.send(hello(name));
    assert.equal(await wire.toEnd(), UNRECOGNIZED_NAME);
    assert.equal(await server.next(), "");
    const { decision, reason, rule } = await running.events.next();
    assert.deepEqual([decision, reason], ["deny", "a rule denies the TLS server name ads.example"]);
    assert.deepEqual(rule, { text: "ads.example", origin: "--deny-net" });
  }
  for (const name of ["other.example", undefined]) {
    const wire = await byConnect(running, "127.0.0.1", server.port);
    await wire.send(hello(name));
    await wire.endWriting();
    await wire.toEnd();
    assert.equal(await server.next(), text(hello(name)));
    assert.equal((await running.events.next()).decision, "allow");
  }
});

Deno.test("N7, R1: a server name with controls is raw in the event's detail and nowhere else", async () => {
  await using server = new Recorder();
  await using running = await startGateway(LOCAL);
  const name = "a\x1b[2J\r\n\x08.test";
  const wire = await byConnect(running, "ok.test", server.port);
  await wire.send(hello(name));
  assert.equal(await wire.toEnd(), UNRECOGNIZED_NAME);
  const { detail, ...rest } = await running.events.next();
  assert.equal(detail?.["serverName"], name);
  assert.equal(rest.reason, "the TLS server name is no host name");
});
