import assert from "node:assert/strict";
import fc from "fast-check";
import { HostError } from "../../lib/host/host_error.ts";
import { HostPort } from "../../lib/host/host_port.ts";

function messageOf(text: string, defaultPort?: number): string {
  try {
    HostPort.parse(text, defaultPort);
  } catch (error) {
    assert.ok(error instanceof HostError);
    return error.message;
  }
  assert.fail(`${JSON.stringify(text)} was accepted`);
}

const label = fc.stringMatching(/^[a-z0-9_-]{1,20}$/).filter((text) => !text.startsWith("xn--"));
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => [...labels, "test"].join("."));
const port = fc.integer({ min: 1, max: 65535 });
const v4 = fc.ipV4();
const v6 = fc.ipV6();

Deno.test("a name is lower-cased and loses one trailing dot", () => {
  const target = HostPort.parse("WWW.Example.COM.:443");
  assert.equal(target.host, "www.example.com");
  assert.equal(target.port, 443);
  assert.equal(target.address, undefined);
});

Deno.test("the default port stands in where the text has none", () => {
  assert.equal(HostPort.parse("example.com", 80).toString(), "example.com:80");
  assert.equal(HostPort.parse("[::1]", 80).toString(), "[::1]:80");
  assert.equal(HostPort.parse("example.com:81", 80).port, 81);
  assert.match(messageOf("example.com"), /lacks a port/);
});

Deno.test("an international name is mapped to ASCII, its look-alikes too", () => {
  assert.equal(HostPort.parse("b\u00fccher.example:1").host, "xn--bcher-kva.example");
  assert.equal(HostPort.parse("B\u00dcCHER.example:1").host, "xn--bcher-kva.example");
  assert.equal(HostPort.parse("xn--bcher-kva.example:1").host, "xn--bcher-kva.example");
  assert.equal(HostPort.parse("\uff45xample\u3002com:1").host, "example.com");
  // Cyrillic a: another name, and seen as such.
  assert.notEqual(HostPort.parse("ex\u0430mple.com:1").host, "example.com");
});

Deno.test("a name that IDNA maps to a number is the address", () => {
  assert.equal(HostPort.parse("\uff11\uff12\uff17.1:80").toString(), "127.0.0.1:80");
  assert.equal(HostPort.parse("\u2460\u2461\u2466.0.0.1:80").toString(), "127.0.0.1:80");
});

Deno.test("malformed international names are refused", () => {
  for (
    const text of [
      "xn--a",
      "xn--example-",
      "xn--\u00e9",
      "\ud800.com",
      "a\u2215b\u0000",
      "\u00ad",
      "\uff0f.com",
      "\u2488com",
      "a\u200e.com\uff05",
    ]
  ) {
    assert.match(messageOf(`${text}:1`), /^Cannot parse host: /);
  }
});

Deno.test("IPv6 forms of an IPv4 address are reduced to it", () => {
  for (
    const text of [
      "[::ffff:127.0.0.1]:80",
      "[::FFFF:7f00:1]:80",
      "[::127.0.0.1]:80",
      "[0:0:0:0:0:ffff:7f00:0001]:80",
    ]
  ) {
    assert.equal(HostPort.parse(text).toString(), "127.0.0.1:80", text);
  }
});

Deno.test("what is no host says why", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /lacks a port/],
    [":80", /it is empty/],
    [".:80", /empty label/],
    ["a..b:80", /empty label/],
    ["example.com..:80", /empty label/],
    ["example.com:70000", /^Cannot parse host: port 70000 is above 65535$/],
    ["example.com:0", /port 0 is not 1 to 65535/],
    ["example.com:080", /starts with a zero/],
    ["example.com:+80", /is not a number/],
    ["example.com:80 ", /is not a number/],
    ["example.com:", /lacks a port after the colon/],
    ["::1:80", /needs brackets/],
    ["[::1", /does not close/],
    ["[::1]80:443", /is no IPv6 address/],
    ["[example.com]:80", /is no IPv6 address/],
    ["[127.0.0.1]:80", /is no IPv6 address/],
    ["[fe80::1%eth0]:80", /zone id/],
    ["a b:80", /holds " "/],
    ["a%2eb:80", /holds "%"/],
    ["user@host:80", /holds "@"/],
    ["a/b:80", /holds "\/"/],
    ["a\\b:80", /holds "\\\\"/],
    ["a#b:80", /holds "#"/],
    ["a\0b:80", /holds "\\x00"/],
    ["a\r\nb:80", /holds "\\x0d"/],
    ["4294967296:80", /ends in a number/],
    ["1.2.3.4.5:80", /ends in a number/],
    [`${"a".repeat(64)}.com:80`, /a label of 64 characters is above 63/],
    [`${"a.".repeat(127)}a:80`, /255 characters are above 253/],
  ];
  for (const [text, expected] of cases) assert.match(messageOf(text), expected, JSON.stringify(text));
});

Deno.test("the longest label and the longest name pass", () => {
  assert.equal(HostPort.parse(`${"a".repeat(63)}.com:80`).host.length, 67);
  assert.equal(HostPort.parse(`${"a.".repeat(126)}a:80`).host.length, 253);
  assert.equal(HostPort.parse(`${"a.".repeat(126)}a.:80`).host.length, 253);
});

Deno.test("host and port apart are parsed by the same rules", () => {
  assert.equal(HostPort.of("::1", 80).toString(), "[::1]:80");
  assert.equal(HostPort.of("[::1]", 80).toString(), "[::1]:80");
  assert.equal(HostPort.of("0x7f.1", 80).toString(), "127.0.0.1:80");
  for (const host of ["a:80", "", "fe80::1%eth0", "[a]"]) {
    assert.throws(() => HostPort.of(host, 80), HostError, host);
  }
  for (const bad of [0, -1, 65536, 1.5, NaN]) {
    assert.throws(() => HostPort.of("a", bad), HostError, String(bad));
  }
});

Deno.test("parsing the text of a host gives the host again", () => {
  fc.assert(fc.property(fc.oneof(name, v4, v6.map((text) => `[${text}]`)), port, (host, number) => {
    const target = HostPort.parse(`${host}:${number}`);
    const again = HostPort.parse(target.toString());
    assert.equal(again.toString(), target.toString());
    assert.equal(again.host, target.host);
    assert.deepEqual(again.address?.bytes, target.address?.bytes);
  }));
});

Deno.test("any text is parsed or refused with a HostError, and what is parsed is plain", () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(..."a1.:[]%@/\\#*-_ \0\r\n\u00e4\u3002\uff11\ud800xX0") }),
  );
  fc.assert(
    fc.property(hostile, fc.option(port, { nil: undefined }), (text, defaultPort) => {
      let target;
      try {
        target = HostPort.parse(text, defaultPort);
      } catch (error) {
        assert.ok(error instanceof HostError, String(error));
        assert.match(error.message, /^[^\p{Cc}\p{Cs}]*$/u);
        return;
      }
      assert.match(target.host, target.address?.version === 6 ? /^[0-9a-f:.]+$/ : /^[a-z0-9._-]+$/);
      assert.equal(HostPort.parse(target.toString()).toString(), target.toString());
    }),
    { numRuns: 2000 },
  );
});

Deno.test("no accepted name still reads as a number", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."0123456789.xXaf\uff10\u2460") }), (text) => {
      let target;
      try {
        target = HostPort.of(text, 1);
      } catch {
        return;
      }
      if (target.address === undefined) assert.doesNotMatch(target.host, /(^|\.)([0-9]+|0x[0-9a-f]*)$/);
      // The URL parser of the platform, an implementation of its own, agrees on what the number means.
      else assert.equal(new URL(`http://${text}/`).hostname, target.host);
    }),
    { numRuns: 1000 },
  );
});
