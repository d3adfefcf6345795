import assert from "node:assert/strict";
import fc from "fast-check";
import { HostError } from "../../lib/host/host_error.ts";
import { IpAddress } from "../../lib/host/ip_address.ts";

/** The bytes of an address, parsed by nothing of ours: dotted decimal by hand. */
function dotted(a: number, b: number, c: number, d: number): string {
  return `${a}.${b}.${c}.${d}`;
}

const byte = fc.integer({ min: 0, max: 255 });
const spelling = fc.constantFrom(
  (value: number) => String(value),
  (value: number) => `0x${value.toString(16)}`,
  (value: number) => `0X${value.toString(16).toUpperCase()}`,
  (value: number) => `0${value.toString(8)}`,
  (value: number) => `0x0000${value.toString(16)}`,
  (value: number) => `00000${value.toString(8)}`,
);

Deno.test("strict IPv4 text is four decimal bytes and nothing else", () => {
  assert.deepEqual(IpAddress.parse("127.0.0.1")?.bytes, Uint8Array.of(127, 0, 0, 1));
  for (
    const text of [
      "127.1",
      "127.0.0.01",
      "0x7f.0.0.1",
      "256.0.0.1",
      "1.2.3",
      "1.2.3.4.",
      "1.2.3.4.5",
      "",
      "1..2.3",
      " 1.2.3.4",
      "+1.2.3.4",
      "1e1.2.3.4",
    ]
  ) {
    assert.equal(IpAddress.parse(text), undefined, text);
  }
});

Deno.test("IPv6 text is written as RFC 5952 says", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["::", "::"],
    ["::1", "::1"],
    ["[::1]", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["0:0:0:0:0:ffff:7f00:1", "::ffff:127.0.0.1"],
    ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
  ];
  for (const [text, canonical] of cases) assert.equal(IpAddress.parse(text)?.toString(), canonical, text);
});

Deno.test("malformed IPv6 text is refused", () => {
  const cases = [
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "g::",
    "fe80::1%eth0",
    "fe80::1%251",
  ]
    .concat([
      "[::1",
      "::1]",
      "[[::1]]",
      "::1.2.3",
      "1.2.3.4::",
      "::1.2.3.4:5",
      "1:2:3:4:5:6:7::8",
      "[127.0.0.1]",
      "::01.2.3.4",
    ]);
  for (const text of cases) assert.equal(IpAddress.parse(text), undefined, text);
});

Deno.test("every legacy spelling of an IPv4 address is reduced to the same bytes", () => {
  fc.assert(
    fc.property(byte, byte, byte, byte, spelling, spelling, spelling, spelling, (a, b, c, d, s, t, u, v) => {
      const spellings = [
        `${s(a)}.${t(b)}.${u(c)}.${v(d)}`,
        `${s(a)}.${t(b)}.${u(c * 256 + d)}`,
        `${s(a)}.${t((b * 256 + c) * 256 + d)}`,
        s(((a * 256 + b) * 256 + c) * 256 + d),
      ];
      for (const text of spellings) {
        assert.equal(IpAddress.parseLegacy(text)?.toString(), dotted(a, b, c, d), text);
      }
    }),
  );
});

Deno.test("a number that is no address is an error, not a name", () => {
  for (
    const text of [
      "4294967296",
      "256.1",
      "1.16777216",
      "1.2.65536",
      "1.2.3.256",
      "1.2.3.4.5",
      "08",
      "0x",
      "0x.1",
      "1.2.3.09",
      "1..1",
      "a.1",
      "99999999999999999999999",
    ]
  ) {
    assert.throws(() => IpAddress.parseLegacy(text), HostError, text);
  }
});

Deno.test("a name that only looks like a number in part stays a name", () => {
  for (const text of ["1.2.3.a", "0x7f.example", "127.0.0.1.nip.io", "example", "0xfg", "1-1"]) {
    assert.equal(IpAddress.parseLegacy(text), undefined, text);
  }
});

Deno.test("the largest number of each shape is an address", () => {
  for (const text of ["4294967295", "255.16777215", "255.255.65535", "0xffffffff", "037777777777"]) {
    assert.equal(IpAddress.parseLegacy(text)?.toString(), "255.255.255.255", text);
  }
});

Deno.test("mapped and compatible forms give the address inside, :: and ::1 do not", () => {
  assert.equal(IpAddress.parse("::ffff:10.0.0.1")?.unmapped()?.toString(), "10.0.0.1");
  assert.equal(IpAddress.parse("::10.0.0.1")?.unmapped()?.toString(), "10.0.0.1");
  assert.equal(IpAddress.parse("::2")?.unmapped()?.toString(), "0.0.0.2");
  for (const text of ["::", "::1", "::fffe:10.0.0.1", "1::ffff:10.0.0.1", "10.0.0.1"]) {
    assert.equal(IpAddress.parse(text)?.unmapped(), undefined, text);
  }
});

Deno.test("text and bytes of an address stand for each other", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    // Runs of zeros are what the short form is about.
    fc.array(fc.constantFrom(0, 0, 0, 255, 1), { minLength: 16, maxLength: 16 }).map((list) =>
      Uint8Array.from(list)
    ),
  );
  fc.assert(fc.property(bytes, (given) => {
    const address = IpAddress.of(given);
    const again = IpAddress.parse(address.toString());
    assert.deepEqual(again?.bytes, Uint8Array.from(given));
    assert.ok(again?.equals(address));
  }));
});

Deno.test("addresses of the two versions are never equal", () => {
  const mapped = IpAddress.parse("::ffff:1.2.3.4");
  const plain = IpAddress.parse("1.2.3.4");
  assert.ok(mapped !== undefined && plain !== undefined);
  assert.equal(mapped.equals(plain), false);
});
