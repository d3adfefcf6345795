import assert from "node:assert/strict";
import fc from "fast-check";
import { NoProxy } from "../../../lib/egress/upstream/no_proxy.ts";
import { HostPort } from "../../../lib/host/host_port.ts";

const CASES: readonly (readonly [list: string, host: string, direct: boolean])[] = [
  ["corp.com", "corp.com", true],
  ["corp.com", "a.corp.com", true],
  ["corp.com", "a.b.corp.com", true],
  ["corp.com", "evilcorp.com", false],
  ["corp.com", "corp.com.evil.test", false],
  ["corp.com", "corp.co", false],
  ["CORP.com.", "Corp.COM", true],
  [".corp.com", "a.corp.com", true],
  [".corp.com", "corp.com", false],
  [".corp.com", "evilcorp.com", false],
  ["*.corp.com", "a.b.corp.com", true],
  ["*.corp.com", "corp.com", false],
  ["com", "corp.com", true],
  ["*", "corp.com", true],
  ["*", "10.0.0.1", true],
  ["a.test, *", "[2001:db8::1]", true],
  ["", "corp.com", false],
  [" , ,, ", "corp.com", false],
  ["a.test b.test\tc.test,d.test", "b.test", true],
  ["a.test b.test\tc.test,d.test", "c.test", true],
  ["a.test b.test\tc.test,d.test", "d.test", true],
  ["a.test b.test\tc.test,d.test", "e.test", false],
  ["corp.com:443", "corp.com", true],
  ["corp.com:8443", "corp.com", false],
  [".corp.com:443", "a.corp.com", true],
  ["b\u00fccher.test", "xn--bcher-kva.test", true],
  ["10.1.2.3", "10.1.2.3", true],
  ["10.1.2.3", "10.1.2.30", false],
  ["10.1.2.3:443", "10.1.2.3", true],
  ["10.1.2.3:80", "10.1.2.3", false],
  ["0x0a.1", "10.0.0.1", true],
  ["127.1", "2130706433", true],
  ["10.0.0.1", "[::ffff:10.0.0.1]", true],
  ["::ffff:10.0.0.1", "10.0.0.1", true],
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.1", false],
  ["10.1.2.3/8", "10.9.9.9", true],
  ["10.0.0.0/8:443", "10.0.0.1", true],
  ["10.0.0.0/8:80", "10.0.0.1", false],
  ["0.0.0.0/0", "203.0.113.9", true],
  ["0.0.0.0/0", "corp.com", false],
  ["0.0.0.0/0", "[2001:db8::1]", false],
  ["10.0.0.0/32", "10.0.0.0", true],
  ["10.0.0.0/32", "10.0.0.1", false],
  ["::ffff:10.0.0.0/104", "10.9.9.9", true],
  ["2001:db8::1", "[2001:db8::1]", true],
  ["[2001:db8::1]", "[2001:DB8:0::1]", true],
  ["[2001:db8::1]:443", "[2001:db8::1]", true],
  ["[2001:db8::1]:80", "[2001:db8::1]", false],
  ["2001:db8::/32", "[2001:db8:9::1]", true],
  ["[2001:db8::]/32", "[2001:db8:9::1]", true],
  ["[2001:db8::/32]:443", "[2001:db8:9::1]", true],
  ["2001:db8::/32", "[2001:db9::1]", false],
];

Deno.test("a list says which hosts go direct: names with their subdomains, addresses, networks, ports", () => {
  for (const [list, host, direct] of CASES) {
    const parsed = NoProxy.parse(list);
    assert.deepEqual(parsed.ignored, [], list);
    assert.equal(parsed.matches(HostPort.parse(host, 443)), direct, `${list} / ${host}`);
  }
});

Deno.test("what is no host matches nothing, is kept for the notice, and spoils no other entry", () => {
  const wrong = [
    "http://corp.com",
    "*corp.com",
    "a.*.com",
    "corp.com:99999",
    "corp.com:",
    "corp.com:x",
    "*:443",
  ]
    .concat(["10.0.0.0/33", "10.0/8", "[10.0.0.0/8]", "[2001:db8::/32", "2001:db8::]/32", "2001:db8::/129"])
    .concat([
      "..corp.com",
      ".",
      "*.",
      "*.10.0.0.1",
      ".10.0.0.1",
      "10.1.2.*",
      "[::1",
      "user@corp.com",
      "a_b/c",
    ])
    .concat(["10.0.0.0/8:0", "corp.com/24", "\x1b[2J", "999.1"]);
  const parsed = NoProxy.parse([...wrong, "ok.test"].join(","));
  assert.deepEqual(parsed.ignored, wrong);
  assert.equal(parsed.toString(), "ok.test");
  for (const host of ["corp.com", "a.corp.com", "10.0.0.1", "10.1.2.3", "[2001:db8::1]", "[::1]"]) {
    assert.equal(parsed.matches(HostPort.parse(host, 443)), false, host);
  }
  assert.equal(parsed.matches(HostPort.parse("ok.test:443")), true);
});

Deno.test("the canonical text of a list means the same list", () => {
  const text = "*,corp.com,.corp.com,a.test:80,10.0.0.0/8,10.1.2.3:443,[2001:db8::],[2001:db8::]/32:443";
  assert.equal(NoProxy.parse(text).toString(), text);
  assert.equal(NoProxy.parse("*.B.Test. 0x7f.1\tfd00::/8").toString(), ".b.test,127.0.0.1,[fd00::]/8");
});

interface NameEntry {
  readonly labels: readonly string[];
  readonly prefix: "" | "." | "*.";
  readonly port: number | undefined;
}

interface NetworkEntry {
  readonly bytes: readonly number[];
  readonly bits: number;
  readonly port: number | undefined;
}

interface Target {
  readonly port: number;
  readonly labels?: readonly string[];
  readonly bytes?: readonly number[];
}

const PORTS = [80, 443] as const;
const label = fc.constantFrom("a", "b", "ab", "corp", "evilcorp", "com");
const labels = fc.array(label, { minLength: 1, maxLength: 4 });
const port = fc.option(fc.constantFrom(...PORTS), { nil: undefined });
const byte = fc.constantFrom(0, 1, 10, 11, 127, 128, 255);
const bytes = fc.array(byte, { minLength: 4, maxLength: 4 });
const nameEntry: fc.Arbitrary<NameEntry> = fc.record({
  labels,
  prefix: fc.constantFrom("", ".", "*."),
  port,
});
const networkEntry: fc.Arbitrary<NetworkEntry> = fc.record({
  bytes,
  bits: fc.integer({ min: 0, max: 32 }),
  port,
});
const target: fc.Arbitrary<Target> = fc.oneof(
  fc.record({ labels, port: fc.constantFrom(...PORTS) }),
  fc.record({ bytes, port: fc.constantFrom(...PORTS) }),
);

function text(entry: NameEntry | NetworkEntry): string {
  const suffix = entry.port === undefined ? "" : `:${entry.port}`;
  return "labels" in entry
    ? `${entry.prefix}${entry.labels.join(".")}${suffix}`
    : `${entry.bytes.join(".")}/${entry.bits}${suffix}`;
}

/** The rules again, label by label and bit by bit. */
function reference(entry: NameEntry | NetworkEntry, host: Target): boolean {
  if (entry.port !== undefined && entry.port !== host.port) return false;
  if ("labels" in entry) {
    const asked = [...host.labels ?? []].reverse();
    const more = asked.length - entry.labels.length;
    return more >= (entry.prefix === "" ? 0 : 1) &&
      [...entry.labels].reverse().every((one, i) => one === asked[i]);
  }
  const bitsOf = (list: readonly number[]) => list.map((one) => one.toString(2).padStart(8, "0")).join("");
  return host.bytes !== undefined &&
    bitsOf(host.bytes).slice(0, entry.bits) === bitsOf(entry.bytes).slice(0, entry.bits);
}

Deno.test("a list matches what its entries match one by one, label by label and bit by bit", () => {
  let direct = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(nameEntry, networkEntry), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(",", " ", " ,\t"),
      target,
      (entries, separator, host) => {
        const list = NoProxy.parse(entries.map(text).join(separator));
        assert.deepEqual(list.ignored, []);
        const name = (host.labels ?? host.bytes ?? []).join(".");
        const expected = entries.some((entry) => reference(entry, host));
        if (expected) direct++;
        assert.equal(list.matches(HostPort.parse(name, host.port)), expected);
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(direct > 20, `only ${direct} of the generated hosts went direct`);
});

Deno.test("any text at all is read without failing", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (list) => {
    NoProxy.parse(list).matches(HostPort.parse("corp.com:443"));
  }));
  fc.assert(fc.property(fc.stringMatching(/^[0-9a-f:.\/\[\]*, ]*$/), (list) => {
    NoProxy.parse(list).matches(HostPort.parse("[2001:db8::1]:443"));
  }));
});
