import assert from "node:assert/strict";
import { HostPort } from "../../lib/host/host_port.ts";
import { decideOpening, type TunnelOpening } from "../../lib/policy/decide_opening.ts";
import { netPolicy, type PolicyText } from "../egress/fixtures/net_policy.ts";

function decide(policy: PolicyText, target: string, opening: TunnelOpening) {
  return decideOpening(netPolicy(policy), HostPort.parse(target), opening);
}

function tls(serverName?: string, hidesName = false): TunnelOpening {
  return { tls: true, hidesName, ...(serverName === undefined ? {} : { serverName }) };
}

const OK = { allow: ["ok.test", "*.sub.test", "a_b.test", "203.0.113.5", "[2001:db8::5]"] };

Deno.test("a named host needs its own name in the handshake, in any spelling", () => {
  const fitting: readonly (readonly [target: string, name: string])[] = [
    ["ok.test:443", "ok.test"],
    ["ok.test:8443", "OK.Test."],
    ["OK.TEST.:443", "ok.test"],
    ["www.sub.test:443", "www.sub.test"],
    ["a_b.test:443", "A_b.test"],
    ["b\u00fccher.sub.test:443", "xn--bcher-kva.sub.test"],
  ];
  for (const [target, name] of fitting) assert.ok(decide(OK, target, tls(name)).allowed, name);
  const others = [
    "other.test",
    "xok.test",
    "ok.test.other.test",
    "www.ok.test",
    "sub.test",
    "127.0.0.1",
    "::1",
  ];
  for (const name of others) {
    for (const policy of [OK, { allowAll: true }]) {
      assert.deepEqual(decide(policy, "ok.test:443", tls(name)), {
        allowed: false,
        reason: `the TLS server name is ${name}`,
      });
    }
  }
});

Deno.test("a subdomain that a wildcard allows is no other subdomain", () => {
  assert.ok(!decide(OK, "a.sub.test:443", tls("b.sub.test")).allowed);
});

Deno.test("a named host needs a name in the handshake, on every port", () => {
  for (const target of ["ok.test:443", "ok.test:8443"]) {
    assert.deepEqual(decide(OK, target, tls()), {
      allowed: false,
      reason: "the TLS handshake names no server",
    });
  }
});

Deno.test("what is no host name fits neither a name nor an address", () => {
  for (
    const name of [
      "",
      "a b",
      "ok.test..",
      ".ok.test",
      "ok.test\n",
      "*.ok.test",
      "ok.test:443",
      "[::1",
      "a".repeat(64),
    ]
  ) {
    for (const target of ["ok.test:443", "203.0.113.5:443"]) {
      assert.deepEqual(decide(OK, target, tls(name)), {
        allowed: false,
        reason: "the TLS server name is no host name",
      }, `${target} ${name}`);
    }
  }
});

Deno.test("towards an address any name passes, and none", () => {
  for (const target of ["203.0.113.5:443", "[2001:db8::5]:8443"]) {
    assert.ok(decide(OK, target, tls()).allowed);
    assert.ok(decide(OK, target, tls("any.example")).allowed);
  }
});

Deno.test("an address in place of a name must be the one that was asked for", () => {
  assert.ok(decide(OK, "203.0.113.5:443", tls("203.0.113.5")).allowed);
  assert.ok(decide(OK, "203.0.113.5:443", tls("0xcb007105")).allowed);
  assert.ok(decide(OK, "[2001:db8::5]:443", tls("2001:db8::5")).allowed);
  assert.equal(
    decide(OK, "203.0.113.5:443", tls("203.0.113.6")).reason,
    "the TLS server name is 203.0.113.6",
  );
});

Deno.test("a name that a rule denies does not pass towards an address", () => {
  const deny = ["ads.example", "*.ads.example:443"];
  for (const policy of [{ allowAll: true, deny }, { ...OK, deny }]) {
    assert.deepEqual(decide(policy, "203.0.113.5:443", tls("Ads.Example.")), {
      allowed: false,
      reason: "a rule denies the TLS server name ads.example",
      rule: { text: "ads.example", origin: "--deny-net" },
    });
    assert.equal(decide(policy, "203.0.113.5:443", tls("a.ads.example")).rule?.text, "*.ads.example:443");
    assert.ok(decide(policy, "203.0.113.5:8443", tls("a.ads.example")).allowed);
    assert.ok(decide(policy, "203.0.113.5:443", tls("other.example")).allowed);
  }
});

Deno.test("a name that the handshake encrypts is refused wherever another name could be denied", () => {
  const hidden = { allowed: false, reason: "the TLS handshake encrypts its server name" };
  const denies = { deny: ["ads.example"] };
  const refused: readonly (readonly [PolicyText, string])[] = [
    [OK, "ok.test:443"],
    [{ ...OK, ...denies }, "ok.test:443"],
    [{ allowAll: true, ...denies }, "ok.test:443"],
    [{ allowAll: true, deny: ["*.ads.example"] }, "203.0.113.5:443"],
    [{ ...OK, ...denies }, "203.0.113.5:443"],
  ];
  for (const [policy, target] of refused) {
    assert.deepEqual(decide(policy, target, tls("ok.test", true)), hidden);
    assert.deepEqual(decide(policy, target, tls(undefined, true)), hidden);
  }
  assert.ok(decide({ allowAll: true }, "ok.test:443", tls("ok.test", true)).allowed);
  assert.ok(decide({ allowAll: true, deny: ["10.0.0.0/8"] }, "ok.test:443", tls("ok.test", true)).allowed);
  assert.ok(decide(OK, "203.0.113.5:443", tls(undefined, true)).allowed);
});

Deno.test("what is not TLS needs a rule that names port 443, and passes on every other", () => {
  const plain: TunnelOpening = { tls: false };
  const allowed: readonly (readonly [PolicyText, string])[] = [
    [{ allow: ["ok.test:443"] }, "ok.test:443"],
    [{ allow: ["ok.test", "ok.test:443"] }, "ok.test:443"],
    [{ allow: ["*.test:443"] }, "ok.test:443"],
    [{ allow: ["203.0.113.0/24:443"] }, "203.0.113.5:443"],
    [{ allowAll: true, allow: ["ok.test:443"] }, "ok.test:443"],
    [{ allow: ["ok.test"] }, "ok.test:22"],
    [{ allowAll: true }, "ok.test:8443"],
    [{ allow: ["ok.test"] }, "ok.test:80"],
  ];
  for (const [policy, target] of allowed) assert.ok(decide(policy, target, plain).allowed, target);
  const refused: readonly (readonly [PolicyText, string])[] = [
    [{ allow: ["ok.test"] }, "ok.test:443"],
    [{ allow: ["ok.test", "other.test:443", "203.0.113.5:443"] }, "ok.test:443"],
    [{ allow: ["ok.test", "ok.test:8443"] }, "ok.test:443"],
    [{ allowAll: true }, "203.0.113.5:443"],
    [{ allowAll: true }, "[2001:db8::5]:443"],
  ];
  for (const [policy, target] of refused) {
    assert.deepEqual(decide(policy, target, plain), {
      allowed: false,
      reason: "the first bytes are not TLS, and no rule for the host names port 443",
      suggestion: `--allow-net=${target}`,
    });
    const followed = [...policy.allow ?? [], target];
    assert.ok(decide({ ...policy, allow: followed }, target, plain).allowed, "the hint helps");
  }
});
