import assert from "node:assert/strict";
import fc from "fast-check";
import { ClientHelloError, LONGEST_CLIENT_HELLO, parseClientHello } from "../../lib/egress/client_hello.ts";
import {
  bytes,
  EXTENSION,
  type Extension,
  hello,
  helloMessage,
  type HelloParts,
  inRecords,
  number,
  serverName,
  TLS13,
  vector,
} from "./fixtures/client_hello.ts";
import { toBytes } from "./fixtures/wire.ts";

/** Reserved values that clients strew in (RFC 8701). */
const GREASE = Array.from({ length: 16 }, (_, i) => 0x0a0a + 0x1010 * i);

function whole(parts: HelloParts): Uint8Array {
  return inRecords(helloMessage(parts));
}

function read(stream: Uint8Array) {
  const result = parseClientHello(stream);
  assert.ok(result.complete, "a complete ClientHello was called partial");
  return result;
}

Deno.test("a ClientHello's server name is read, whatever stands around it", () => {
  const greased: Extension[] = [
    [GREASE[3] ?? 0, new Uint8Array(0)],
    ...TLS13,
    serverName("a.test"),
    [GREASE[9] ?? 0, Uint8Array.of(0)],
    [21, new Uint8Array(300)],
  ];
  const hellos: readonly HelloParts[] = [
    { extensions: [serverName("a.test")] },
    { extensions: [...TLS13, serverName("a.test")] },
    { version: [3, 1], sessionId: new Uint8Array(0), extensions: [serverName("a.test")] },
    { suites: bytes(...GREASE.map((value) => number(2, value)), [0x13, 0x01]), extensions: greased },
    { compression: Uint8Array.of(1, 0, 64), extensions: greased },
    {
      extensions: [...GREASE.map((type): Extension => [type, Uint8Array.of(1, 2, 3)]), serverName("a.test")],
    },
  ];
  for (const parts of hellos) {
    const stream = whole(parts);
    assert.deepEqual(read(stream), {
      complete: true,
      length: stream.length,
      serverName: "a.test",
      hidesName: false,
    });
  }
});

Deno.test("a name is given back as it was sent", () => {
  for (
    const name of [
      "A.Test.",
      "_dmarc.a_b.test",
      "xn--bcher-kva.test",
      "127.0.0.1",
      "a b",
      "\x1b[2J",
      "a".repeat(255),
    ]
  ) {
    assert.equal(read(hello(name)).serverName, name);
  }
});

Deno.test("a ClientHello without a server name has none", () => {
  for (const extensions of [undefined, [], TLS13]) {
    assert.equal("serverName" in read(whole({ extensions })), false);
  }
});

Deno.test("a ClientHello that holds an encrypted one says so", () => {
  for (const type of [0xfe0d, 0xffce]) {
    const { hidesName, ...rest } = read(hello("a.test", [...TLS13, [type, new Uint8Array(100)]]));
    assert.deepEqual([hidesName, rest.serverName], [true, "a.test"]);
  }
});

Deno.test("what follows the ClientHello's records does not belong to it", () => {
  const stream = hello("a.test");
  const result = read(bytes(stream, [0x14, 3, 3, 0, 1, 1], new Uint8Array(2 * LONGEST_CLIENT_HELLO)));
  assert.deepEqual([result.length, result.serverName], [stream.length, "a.test"]);
});

const message = helloMessage({ extensions: [serverName("a.test"), ...TLS13] });

const MALFORMED: readonly (readonly [what: string, stream: Uint8Array, error: RegExp])[] = [
  ["HTTP", toBytes("GET / HTTP/1.1\r\n"), /a record of type 71 stands in its way/],
  ["an alert", Uint8Array.of(0x15, 3, 1, 0, 2, 2, 112), /a record of type 21/],
  ["another protocol's version", Uint8Array.of(0x16, 2, 0), /its record's version is 2\.x/],
  ["an empty record", Uint8Array.of(0x16, 3, 1, 0, 0), /an empty record/],
  [
    "an empty record in between",
    bytes(inRecords(message.subarray(0, 9)), [0x16, 3, 1, 0, 0]),
    /an empty record/,
  ],
  ["a record of more than 16 KiB", Uint8Array.of(0x16, 3, 1, 0x40, 1), /a record of 16385 bytes/],
  ["a ServerHello", Uint8Array.of(0x16, 3, 1, 0, 1, 2), /its first message is of type 2/],
  [
    "another record in between",
    bytes(inRecords(message.subarray(0, 9)), [0x14, 3, 3, 0, 1, 1], inRecords(message.subarray(9))),
    /a record of type 20/,
  ],
  ["another message in its record", inRecords(bytes(message, message)), /bytes follow it in its record/],
  ["one byte more in its record", inRecords(bytes(message, [0])), /1 bytes follow it in its record/],
  ["a length above the limit", Uint8Array.of(0x16, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff), /more than 32768 bytes/],
  ["version 2", whole({ version: [2, 0] }), /its version is 2\.x/],
  ["a session id of 33 bytes", whole({ sessionId: new Uint8Array(33) }), /its session id is too long/],
  ["no cipher suite", whole({ suites: new Uint8Array(0) }), /cipher suites has 0 bytes/],
  ["half a cipher suite", whole({ suites: new Uint8Array(3) }), /cipher suites has 3 bytes/],
  ["no compression method", whole({ compression: new Uint8Array(0) }), /no compression method/],
  ["bytes behind the extensions", whole({ trailing: Uint8Array.of(0) }), /1 bytes follow the extensions/],
  ["half a length of extensions", whole({ extensions: undefined, trailing: Uint8Array.of(0) }), /cut off/],
  [
    "a body that ends in the random value",
    inRecords(Uint8Array.of(1, 0, 0, 4, 3, 3, 0, 0)),
    /random value is cut off/,
  ],
  [
    "an extension that is longer than the list",
    whole({ extensions: undefined, trailing: Uint8Array.of(0, 4, 0, 0, 0, 1) }),
    /extension is cut off/,
  ],
  [
    "two server name extensions",
    whole({ extensions: [serverName("a.test"), serverName("a.test")] }),
    /type 0/,
  ],
  ["two extensions of one type", whole({ extensions: [...TLS13, ...TLS13] }), /two extensions of type 43/],
  ["two names", whole({ extensions: [serverName("a.test", "b.test")] }), /it names several servers/],
  ["an empty extension", whole({ extensions: [[0, new Uint8Array(0)]] }), /list of server names is cut off/],
  ["an empty list of names", whole({ extensions: [serverName()] }), /type of server name is cut off/],
  ["an empty name", whole({ extensions: [serverName("")] }), /its server name is empty/],
  ["a name of 256 bytes", whole({ extensions: [serverName("a".repeat(256))] }), /server name has 256 bytes/],
  ["a name with NUL", whole({ extensions: [serverName("a.test\0.b.test")] }), /not ASCII/],
  [
    "a name in UTF-8",
    whole({ extensions: [serverName(new TextEncoder().encode("\u00e4.test"))] }),
    /not ASCII/,
  ],
  [
    "another type of name",
    whole({ extensions: [[0, vector(2, [1], vector(2, toBytes("a.test")))]] }),
    /of type 1/,
  ],
  [
    "bytes behind the list of names",
    whole({ extensions: [[0, bytes(serverName("a.test")[1], [0])]] }),
    /1 bytes follow the list of server names/,
  ],
  [
    "a name that is cut off",
    whole({ extensions: [[0, vector(2, [0, 0, 9, 0x61])]] }),
    /server name is cut off/,
  ],
];

for (const [what, stream, error] of MALFORMED) {
  Deno.test(`no ClientHello has ${what}`, () => {
    assert.throws(() => parseClientHello(stream), (thrown) => {
      assert.ok(thrown instanceof ClientHelloError);
      assert.match(thrown.message, error);
      return true;
    });
  });
}

Deno.test("every beginning of a ClientHello is partial, and never misses more than is to come", () => {
  for (const sizes of [[], [1, 1, 1, 1], [5, 40], Array(message.length).fill(1)]) {
    const stream = inRecords(message, ...sizes);
    for (let length = 0; length < stream.length; length++) {
      const result = parseClientHello(stream.subarray(0, length));
      assert.ok(!result.complete, `${length}`);
      assert.ok(
        result.missing > 0 && result.missing <= stream.length - length,
        `${length}: ${result.missing}`,
      );
    }
    assert.equal(read(stream).serverName, "a.test");
  }
});

Deno.test("a ClientHello may take 32 KiB with its records, and not one byte more", () => {
  const padded = (length: number) =>
    helloMessage({ extensions: [serverName("a.test"), [21, new Uint8Array(length)]] });
  const [first, second] = [2 ** 14, LONGEST_CLIENT_HELLO - 2 ** 14 - 10];
  const rest = first + second - padded(0).length;
  const longest = inRecords(padded(rest), first);
  assert.equal(longest.length, LONGEST_CLIENT_HELLO);
  assert.equal(read(longest).serverName, "a.test");
  const error = { name: "ClientHelloError", message: "it takes more than 32768 bytes" };
  assert.throws(() => parseClientHello(inRecords(padded(rest + 1), first)), error);
  assert.throws(() => parseClientHello(inRecords(padded(rest + 1), first).subarray(0, 9)), error);
  assert.throws(() => parseClientHello(inRecords(padded(rest), 1, first)), error);
});

const anyData = fc.uint8Array({ maxLength: 40 });
const anyHello = fc.record({
  random: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  sessionId: fc.uint8Array({ maxLength: 32 }),
  suites: fc.uint8Array({ minLength: 1, maxLength: 20 }).map((list) => bytes(list, list)),
  compression: fc.uint8Array({ minLength: 1, maxLength: 3 }),
  name: fc.option(fc.stringMatching(/^[a-zA-Z0-9._-]{1,60}$/), { nil: undefined }),
  others: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 65535 }), anyData), {
    selector: ([type]) => type,
    maxLength: 8,
  }),
  place: fc.nat(8),
});

Deno.test("any ClientHello reads the same however it is cut into records and segments", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 30 });
  fc.assert(
    fc.property(
      anyHello,
      sizes,
      anyData,
      sizes,
      ({ name, others, place, ...parts }, records, trailing, segments) => {
        const named = name === undefined ? [] : [serverName(name)];
        const extensions = [...others.slice(0, place), ...named, ...others.slice(place)];
        const own = inRecords(helloMessage({ ...parts, extensions }), ...records);
        const stream = bytes(own, trailing);
        let have = 0;
        let result = parseClientHello(stream.subarray(0, have));
        // As a reader does: each time whatever has come, which is at least one byte more.
        for (let i = 0; !result.complete; i++) {
          assert.ok(have < own.length && result.missing <= own.length - have);
          have = Math.min(own.length, have + (segments[i] ?? result.missing));
          result = parseClientHello(stream.subarray(0, have));
        }
        assert.equal(result.length, own.length);
        assert.equal(result.serverName, name);
        assert.equal(result.hidesName, others.some(([type]) => type === EXTENSION.hidden || type === 0xffce));
        assert.deepEqual(parseClientHello(stream), result);
      },
    ),
    { numRuns: 300 },
  );
});

function isSettled(stream: Uint8Array): void {
  try {
    const result = parseClientHello(stream);
    if (result.complete) assert.ok(result.length <= stream.length);
    else assert.ok(result.missing > 0 && stream.length + result.missing <= LONGEST_CLIENT_HELLO);
  } catch (error) {
    assert.ok(error instanceof ClientHelloError, String(error));
  }
}

Deno.test("any bytes are a ClientHello, the beginning of one, or a ClientHelloError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), isSettled), { numRuns: 300 });
  const begun = fc.uint8Array({ maxLength: 400 }).map((rest) =>
    inRecords(bytes([1], vector(3, [3, 3], rest)))
  );
  fc.assert(fc.property(begun, isSettled), { numRuns: 300 });
});

Deno.test("a ClientHello with some bytes changed, lost or added still gives a result or a ClientHelloError", () => {
  const edit = fc.record({ at: fc.nat(200), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let stream = hello("a.test");
      for (const { at, remove, insert } of edits) {
        stream = bytes(stream.subarray(0, at), insert, stream.subarray(at + remove));
      }
      isSettled(stream);
    }),
    { numRuns: 500 },
  );
});
