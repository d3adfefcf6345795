import assert from "node:assert/strict";
import { type AddressClass, classify } from "../../lib/host/address_class.ts";
import { IpAddress } from "../../lib/host/ip_address.ts";

function address(text: string): IpAddress {
  const parsed = IpAddress.parse(text);
  assert.ok(parsed, text);
  return parsed;
}

/** Each range: the address before it, its first, its last, the address after it. */
const BORDERS: readonly (readonly [AddressClass, string, string, string, string])[] = [
  ["unspecified", "", "0.0.0.0", "0.255.255.255", "1.0.0.0"],
  ["private", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
  ["cgnat", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"],
  ["loopback", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"],
  ["link-local", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"],
  ["private", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"],
  ["reserved", "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
  ["reserved", "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"],
  ["private", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"],
  ["reserved", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"],
  ["multicast", "223.255.255.255", "224.0.0.0", "239.255.255.255", ""],
  ["reserved", "", "240.0.0.0", "255.255.255.254", ""],
  ["broadcast", "", "255.255.255.255", "255.255.255.255", ""],
  ["unspecified", "", "::", "::", ""],
  ["loopback", "", "::1", "::1", ""],
  ["reserved", "", "100::", "100::ffff:ffff:ffff:ffff", ""],
  ["reserved", "", "2001:1::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
  [
    "reserved",
    "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "",
  ],
  ["private", "", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
  ["link-local", "", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
  ["private", "", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
  ["multicast", "", "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
];

for (const [kind, before, first, last, after] of BORDERS) {
  Deno.test(`${first} to ${last} is ${kind}, its public neighbours are not`, () => {
    assert.equal(classify(address(first)), kind);
    assert.equal(classify(address(last)), kind);
    for (const neighbour of [before, after]) {
      if (neighbour !== "") assert.equal(classify(address(neighbour)), "public", neighbour);
    }
  });
}

Deno.test("the borders between two ranges that are not public hold too", () => {
  assert.equal(classify(address("239.255.255.255")), "multicast");
  assert.equal(classify(address("240.0.0.0")), "reserved");
  assert.equal(classify(address("fbff:ffff::")), "reserved");
  assert.equal(classify(address("fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), "reserved");
  assert.equal(classify(address("1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), "reserved");
});

Deno.test("documentation ranges count as public: nothing of the host stands there", () => {
  for (const text of ["192.0.2.0", "192.0.2.255", "198.51.100.7", "203.0.113.9", "2001:db8::1", "3fff::1"]) {
    assert.equal(classify(address(text)), "public", text);
  }
});

Deno.test("metadata services are known in and out of link-local space", () => {
  const known = [
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fd20:ce::254",
  ];
  for (const text of known) assert.equal(classify(address(text)), "metadata", text);
  assert.equal(classify(address("169.254.169.253")), "link-local");
  assert.equal(classify(address("168.63.129.17")), "public");
  assert.equal(classify(address("100.100.100.201")), "cgnat");
});

/** Every IPv6 form that carries an IPv4 address; the two bytes pairs are its hexadecimal halves. */
const FORMS: readonly (readonly [string, (high: number, low: number) => string])[] = [
  ["mapped", (high, low) => `::ffff:${high.toString(16)}:${low.toString(16)}`],
  ["compatible", (high, low) => `::${high.toString(16)}:${low.toString(16)}`],
  ["translated", (high, low) => `::ffff:0:${high.toString(16)}:${low.toString(16)}`],
  ["NAT64", (high, low) => `64:ff9b::${high.toString(16)}:${low.toString(16)}`],
  ["local NAT64 with a /96", (high, low) => `64:ff9b:1::${high.toString(16)}:${low.toString(16)}`],
  [
    "local NAT64 with a /48",
    (high, low) =>
      `64:ff9b:1:${high.toString(16)}:${(low >> 8).toString(16)}:${((low & 0xff) << 8).toString(16)}::`,
  ],
  ["6to4", (high, low) => `2002:${high.toString(16)}:${low.toString(16)}::1`],
  ["Teredo", (high, low) => `2001:0:102:304::${(high ^ 0xffff).toString(16)}:${(low ^ 0xffff).toString(16)}`],
];

const INSIDE: readonly (readonly [string, AddressClass])[] = [
  ["127.0.0.1", "loopback"],
  ["10.1.2.3", "private"],
  ["192.168.255.255", "private"],
  ["169.254.169.254", "metadata"],
  ["169.254.1.1", "link-local"],
  ["100.64.0.1", "cgnat"],
  ["224.0.0.1", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["8.8.8.8", "public"],
];

for (const [form, write] of FORMS) {
  Deno.test(`a ${form} address is judged by the address inside`, () => {
    for (const [text, kind] of INSIDE) {
      const [a = 0, b = 0, c = 0, d = 0] = address(text).bytes;
      const written = write(a << 8 | b, c << 8 | d);
      assert.equal(classify(address(written)), kind, `${written} holds ${text}`);
    }
  });
}

Deno.test("an address of this host wins over public, and only over public", () => {
  const own = [address("203.0.113.5"), address("10.0.0.5"), address("2001:db8::5")];
  assert.equal(classify(address("203.0.113.5"), own), "own");
  assert.equal(classify(address("2001:db8::5"), own), "own");
  assert.equal(classify(address("::ffff:203.0.113.5"), own), "own");
  assert.equal(classify(address("64:ff9b::203.0.113.5"), own), "own");
  assert.equal(classify(address("10.0.0.5"), own), "private");
  assert.equal(classify(address("203.0.113.6"), own), "public");
});
