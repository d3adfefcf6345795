import assert from "node:assert/strict";
import fc from "fast-check";
import { HostError } from "../../lib/host/host_error.ts";
import { HostPattern } from "../../lib/host/host_pattern.ts";
import { HostPort } from "../../lib/host/host_port.ts";
import { IpAddress } from "../../lib/host/ip_address.ts";

function matches(pattern: string, target: string): boolean {
  return HostPattern.parse(pattern).matches(HostPort.parse(target, 443));
}

Deno.test("a name matches itself on any port, or on its own", () => {
  assert.ok(matches("example.com", "EXAMPLE.com.:1"));
  assert.ok(matches("example.com:443", "example.com:443"));
  assert.ok(!matches("example.com:443", "example.com:80"));
  assert.ok(!matches("example.com", "www.example.com"));
  assert.ok(!matches("example.com", "example.com.evil.test"));
});

Deno.test("a wildcard matches subdomains at any depth, never the apex, never half a label", () => {
  assert.ok(matches("*.example.com", "a.example.com"));
  assert.ok(matches("*.example.com", "a.b.example.com"));
  assert.ok(!matches("*.example.com", "example.com"));
  assert.ok(!matches("*.example.com", "notexample.com"));
  assert.ok(!matches("*.example.com", "example.com.evil.test"));
  assert.ok(!matches("*.example.com:443", "a.example.com:80"));
});

Deno.test("networks match at both borders and only on their port", () => {
  assert.ok(matches("10.1.0.0/16:5432", "10.1.0.0:5432"));
  assert.ok(matches("10.1.0.0/16:5432", "10.1.255.255:5432"));
  assert.ok(!matches("10.1.0.0/16:5432", "10.0.255.255:5432"));
  assert.ok(!matches("10.1.0.0/16:5432", "10.2.0.0:5432"));
  assert.ok(!matches("10.1.0.0/16:5432", "10.1.0.0:5433"));
  assert.ok(matches("[fd00::/8]:443", "[fdff:ffff::1]:443"));
  assert.ok(!matches("[fd00::]/8", "[fc00::1]:443"));
  assert.ok(matches("10.0.0.0/9", "10.127.255.255"));
  assert.ok(!matches("10.0.0.0/9", "10.128.0.0"));
});

Deno.test("an address matches in whatever spelling either side has", () => {
  for (const target of ["127.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"]) {
    assert.ok(matches("127.0.0.1", target), target);
  }
  assert.ok(matches("0177.1", "127.0.0.1"));
  assert.ok(matches("[0:0::1]:80", "[::1]:80"));
  assert.ok(matches("[::ffff:10.0.0.0]/104", "10.9.9.9"));
});

Deno.test("address patterns match no names, name patterns match no addresses", () => {
  assert.ok(!matches("0.0.0.0/0", "example.com"));
  const address = IpAddress.parse("127.0.0.1");
  assert.ok(address);
  assert.ok(HostPattern.parse("127.0.0.0/8:80").matchesAddress(address, 80));
  assert.ok(!HostPattern.parse("127.0.0.0/8:80").matchesAddress(address, 81));
  assert.ok(!HostPattern.parse("localhost").matchesAddress(address, 80));
  assert.ok(!HostPattern.parse("*.localhost").matchesAddress(address, 80));
});

Deno.test("the kind and the canonical text of a pattern", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["Example.COM.", "name", "example.com"],
    ["*.Example.com:443", "suffix", "*.example.com:443"],
    ["127.1:80", "address", "127.0.0.1:80"],
    ["[::1]:80", "address", "[::1]:80"],
    ["10.0.0.0/8", "cidr", "10.0.0.0/8"],
    ["[fd00::/8]:443", "cidr", "[fd00::]/8:443"],
  ];
  for (const [text, kind, canonical] of cases) {
    const pattern = HostPattern.parse(text);
    assert.equal(pattern.kind, kind, text);
    assert.equal(pattern.toString(), canonical, text);
    assert.equal(HostPattern.parse(canonical).toString(), canonical, text);
  }
});

Deno.test("what is no pattern says why", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /it is empty/],
    [" \t", /it is empty/],
    ["*", /"\*" is not a host/],
    ["*:443", /is not a host/],
    ["*.", /it is empty/],
    ["*.*.com", /elsewhere than as the first label/],
    ["a.*.com", /elsewhere than as the first label/],
    ["*a.com", /elsewhere than as the first label/],
    ["a*", /elsewhere than as the first label/],
    ["*.10.0.0.1", /puts "\*" before an address/],
    ["10.1.2.3/16", /has host bits set; the network is 10\.1\.0\.0\/16$/],
    ["[fd00::1]/8", /has host bits set; the network is \[fd00::\]\/8$/],
    ["10.0.0.0/33", /prefix length 33 is above 32/],
    ["[::]/129", /prefix length 129 is above 128/],
    ["fd00::/8", /is no network; write 10\.1\.0\.0\/16 or \[fd00::\]\/8/],
    ["[10.0.0.0]/8", /is no network/],
    ["10.0.0.0/", /is no network/],
    ["10.0.0.0/8:", /is not a number/],
    ["10.0/8", /is no network/],
    ["example.com/24", /is no network/],
    ["http://example.com", /is no network/],
    ["example.com:99999", /port 99999 is above 65535/],
  ];
  for (const [text, expected] of cases) {
    assert.throws(() => HostPattern.parse(text), (error) => {
      assert.ok(error instanceof HostError, text);
      assert.match(error.message, expected, text);
      return true;
    });
  }
});

/** The reference: patterns as data, matched label by label and bit by bit. */
type Reference = { labels: string[]; wildcard: boolean } | { bits: string };

function referenceMatches(pattern: Reference, host: string[] | string): boolean {
  if ("bits" in pattern) {
    return typeof host === "string" && host.slice(0, pattern.bits.length) === pattern.bits;
  }
  if (typeof host === "string") return false;
  const extra = host.length - pattern.labels.length;
  if (pattern.wildcard ? extra < 1 : extra !== 0) return false;
  return pattern.labels.every((label, i) => host[extra + i] === label);
}

function bitsOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

// A small alphabet, so that patterns and hosts often nearly match.
const labels = fc.array(fc.constantFrom("a", "b", "ab", "com"), { minLength: 1, maxLength: 4 });
const bytes = fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: 4, maxLength: 4 });

Deno.test("names and wildcards match as the reference matcher says", () => {
  fc.assert(
    fc.property(labels, fc.boolean(), labels, (pattern, wildcard, host) => {
      const text = (wildcard ? "*." : "") + pattern.join(".");
      const expected = referenceMatches({ labels: pattern, wildcard }, host);
      assert.equal(matches(text, host.join(".")), expected, `${text} against ${host.join(".")}`);
    }),
    { numRuns: 500 },
  );
});

Deno.test("networks match as the reference matcher says", () => {
  fc.assert(
    fc.property(bytes, fc.integer({ min: 0, max: 32 }), bytes, (network, length, host) => {
      const bits = bitsOf(network).slice(0, length);
      const masked = bits.padEnd(32, "0").match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? [];
      const expected = referenceMatches({ bits }, bitsOf(host));
      assert.equal(matches(`${masked.join(".")}/${length}`, host.join(".")), expected);
    }),
    { numRuns: 500 },
  );
});
