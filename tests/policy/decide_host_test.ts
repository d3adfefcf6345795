import assert from "node:assert/strict";
import fc from "fast-check";
import { HostPattern } from "../../lib/host/host_pattern.ts";
import { HostPort } from "../../lib/host/host_port.ts";
import type { IpAddress } from "../../lib/host/ip_address.ts";
import { decideAddress, decideHost, type HostDecision } from "../../lib/policy/decide_host.ts";
import type { NetPolicy } from "../../lib/policy/net_policy.ts";
import { ip, netPolicy, type PolicyText } from "../egress/fixtures/net_policy.ts";

function host(policy: PolicyText, target: string): HostDecision {
  return decideHost(netPolicy(policy), HostPort.parse(target));
}

function address(
  policy: PolicyText,
  target: string,
  answer: string,
  own: readonly IpAddress[] = [],
): HostDecision {
  return decideAddress(netPolicy(policy), HostPort.parse(target), ip(answer), own);
}

Deno.test("without a rule nothing may leave, and the smallest flag is named", () => {
  assert.deepEqual(host({}, "db.example.com:5432"), {
    allowed: false,
    reason: "no rule allows it",
    suggestion: "--allow-net=db.example.com:5432",
  });
  assert.equal(host({}, "[2001:db8::1]:443").suggestion, "--allow-net=[2001:db8::1]:443");
});

Deno.test("the rule that allows is named", () => {
  assert.deepEqual(host({ allow: ["a.test", "*.example.com"] }, "www.example.com:443"), {
    allowed: true,
    reason: "a rule allows it",
    rule: { text: "*.example.com", origin: "--allow-net" },
  });
});

Deno.test("a deny rule beats every allow rule and leaves no suggestion", () => {
  const denied = {
    allowed: false,
    reason: "a rule denies it",
    rule: { text: "ads.example.com", origin: "--deny-net" },
  };
  const deny = ["ads.example.com"];
  assert.deepEqual(host({ allow: ["ads.example.com:443"], deny }, "ads.example.com:443"), denied);
  assert.deepEqual(host({ allowAll: true, deny }, "ads.example.com:443"), denied);
  assert.deepEqual(host({ deny }, "ads.example.com:443"), denied);
  assert.equal(host({ allow: ["a.test"], denyAll: true }, "a.test:1").rule?.text, "true");
  assert.equal(host({ allowAll: true, denyAll: true }, "a.test:1").allowed, false);
});

Deno.test("a bare allow is every public host and nothing of this machine", () => {
  assert.ok(host({ allowAll: true }, "example.com:443").allowed);
  assert.ok(host({ allowAll: true }, "203.0.113.1:443").allowed);
  for (
    const target of [
      "127.0.0.1",
      "10.0.0.1",
      "169.254.169.254",
      "[::1]",
      "[fe80::1]",
      "[64:ff9b::10.0.0.1]",
      "0.0.0.0",
      "localhost",
      "a.localhost",
      "metadata.google.internal",
    ]
  ) {
    assert.equal(host({ allowAll: true }, `${target}:80`).allowed, false, target);
    assert.equal(address({ allowAll: true }, "example.com:80", "10.0.0.1").allowed, false);
  }
});

Deno.test("an address that is not public passes only by an address or network rule", () => {
  assert.deepEqual(host({ allowAll: true }, "127.0.0.1:80"), {
    allowed: false,
    reason: "127.0.0.1 is loopback",
    suggestion: "--allow-net=127.0.0.1:80",
  });
  assert.ok(host({ allow: ["127.0.0.1:80"] }, "127.0.0.1:80").allowed);
  assert.ok(host({ allow: ["127.0.0.0/8"] }, "127.0.0.1:80").allowed);
  assert.ok(host({ allow: ["[::1]:80"] }, "[::1]:80").allowed);
  assert.equal(host({ allow: ["127.0.0.1:81"] }, "127.0.0.1:80").allowed, false);
});

Deno.test("a name that resolves to such an address needs both rules", () => {
  assert.deepEqual(address({ allow: ["db.test"] }, "db.test:5432", "10.1.2.3"), {
    allowed: false,
    reason: "it resolves to 10.1.2.3, which is private",
    suggestion: "--allow-net=10.1.2.3:5432",
  });
  assert.ok(address({ allow: ["db.test", "10.1.0.0/16:5432"] }, "db.test:5432", "10.1.2.3").allowed);
  assert.equal(address({ allow: ["10.1.0.0/16"] }, "db.test:5432", "10.1.2.3").allowed, false);
  assert.ok(address({ allow: ["db.test"] }, "db.test:5432", "203.0.113.1").allowed);
});

Deno.test("a static name keeps the guard", () => {
  const resolve = { "db.test": ["10.1.2.3"] };
  assert.equal(address({ allow: ["db.test"], resolve }, "db.test:1", "10.1.2.3").allowed, false);
  assert.ok(address({ allow: ["db.test", "10.1.2.3"], resolve }, "db.test:1", "10.1.2.3").allowed);
});

Deno.test("a deny by address or network holds for what a name resolves to", () => {
  const policy = { allowAll: true, deny: ["203.0.113.0/24"] };
  assert.equal(address(policy, "example.com:443", "203.0.113.9").rule?.text, "203.0.113.0/24");
  assert.equal(address(policy, "example.com:443", "64:ff9b::203.0.113.9").rule?.text, "203.0.113.0/24");
  assert.equal(address(policy, "example.com:443", "::ffff:203.0.113.9").rule?.text, "203.0.113.0/24");
  assert.equal(host(policy, "[2002:cb00:7109::1]:443").rule?.text, "203.0.113.0/24");
  assert.ok(address(policy, "example.com:443", "203.0.114.9").allowed);
});

Deno.test("this host's own public address needs a rule that names it", () => {
  const own = [ip("203.0.113.5")];
  const denied = address({ allowAll: true }, "example.com:80", "203.0.113.5", own);
  assert.deepEqual([denied.allowed, denied.reason], [
    false,
    "it resolves to 203.0.113.5, which is this host's own",
  ]);
  assert.ok(
    address({ allowAll: true, allow: ["203.0.113.5"] }, "example.com:80", "203.0.113.5", own).allowed,
  );
});

Deno.test("localhost names need a rule for loopback or one written exactly so", () => {
  assert.equal(host({ allow: ["*.localhost"] }, "a.localhost:80").allowed, false);
  assert.equal(host({ allowAll: true }, "localhost:80").suggestion, "--allow-net=localhost:80");
  for (const allow of [["localhost"], ["localhost:80"], ["127.0.0.1"], ["[::1]:80"], ["127.0.0.0/8"]]) {
    assert.ok(host({ allow }, "localhost:80").allowed, String(allow));
  }
  assert.equal(host({ allow: ["localhost:81"] }, "localhost:80").allowed, false);
  assert.ok(address({ allow: ["localhost"] }, "localhost:80", "127.0.0.1").allowed);
  assert.ok(address({ allow: ["127.0.0.1"] }, "localhost:80", "127.0.0.1").allowed);
  assert.equal(address({ allow: ["127.0.0.1"] }, "localhost:80", "::1").allowed, false);
  // The exact rule means loopback, not whatever a resolver makes of the name.
  assert.equal(address({ allow: ["localhost"] }, "localhost:80", "10.0.0.1").allowed, false);
});

Deno.test("a metadata service needs its name and its address", () => {
  const target = "metadata.google.internal:80";
  assert.equal(
    host({ allowAll: true }, target).suggestion,
    "--allow-net=metadata.google.internal:80,169.254.169.254:80",
  );
  assert.equal(host({ allow: ["*.google.internal", "169.254.169.254"] }, target).allowed, false);
  assert.equal(
    host({ allow: ["metadata.google.internal"] }, target).suggestion,
    "--allow-net=169.254.169.254:80",
  );
  const both = { allow: ["metadata.google.internal", "169.254.169.254:80"] };
  assert.ok(host(both, target).allowed);
  assert.ok(address(both, target, "169.254.169.254").allowed);
  assert.equal(address(both, target, "203.0.113.1").allowed, false);
});

Deno.test("what a decision suggests makes it pass", () => {
  const targets: readonly (readonly [string, string])[] = [
    ["example.com:443", "203.0.113.1"],
    ["db.test:5432", "10.0.0.1"],
    ["localhost:80", "127.0.0.1"],
    ["10.0.0.1:80", "10.0.0.1"],
    ["[fd00::1]:80", "fd00::1"],
    ["[64:ff9b::10.0.0.1]:80", "64:ff9b::a00:1"],
    ["metadata.google.internal:80", "169.254.169.254"],
  ];
  for (const [target, answer] of targets) {
    const allow: string[] = [];
    let decision = address({ allow }, target, answer);
    for (let rounds = 0; !decision.allowed && rounds < 3; rounds++) {
      assert.ok(decision.suggestion, target);
      allow.push(...decision.suggestion.replace("--allow-net=", "").split(","));
      decision = address({ allow }, target, answer);
    }
    assert.ok(decision.allowed, target);
  }
});

const ruleText = fc.constantFrom(
  "a.test",
  "*.a.test",
  "a.test:80",
  "*.test",
  "10.0.0.0/8",
  "10.0.0.1:80",
  "203.0.113.0/24",
)
  .chain((text) => fc.constantFrom(text, text.replace(/:80$/, "") + ":81"));
const target = fc.constantFrom(
  "a.test:80",
  "b.a.test:80",
  "b.a.test:81",
  "10.0.0.1:80",
  "203.0.113.7:81",
  "localhost:80",
);
const answer = fc.constantFrom("10.0.0.1", "203.0.113.7", "127.0.0.1", "198.51.100.1");
const rules = fc.array(ruleText, { maxLength: 4 });

/** Whether a rule speaks about a target or about the address behind it. */
function hits(policy: NetPolicy, goal: HostPort, end: IpAddress): boolean {
  return policy.deny.some(({ text }) => {
    const pattern = HostPattern.parse(text);
    return pattern.matches(goal) || pattern.matchesAddress(end, goal.port);
  });
}

Deno.test("whatever a deny rule hits is denied, whatever the allow rules say", () => {
  fc.assert(
    fc.property(rules, rules, fc.boolean(), target, answer, (allow, deny, allowAll, goal, end) => {
      const policy = netPolicy({ allow, deny, allowAll });
      const parsed = HostPort.parse(goal);
      const last = parsed.address ?? ip(end);
      if (hits(policy, parsed, last)) assert.equal(decideAddress(policy, parsed, last, []).allowed, false);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("one more deny never allows more, one more allow never less", () => {
  fc.assert(
    fc.property(
      rules,
      rules,
      fc.boolean(),
      ruleText,
      target,
      answer,
      (allow, deny, allowAll, more, goal, end) => {
        const decide = (text: PolicyText) =>
          address(text, goal, HostPort.parse(goal).address?.toString() ?? end).allowed;
        const before = decide({ allow, deny, allowAll });
        if (!before) assert.equal(decide({ allow, deny: [...deny, more], allowAll }), false);
        if (before) assert.equal(decide({ allow: [...allow, more], deny, allowAll }), true);
      },
    ),
    { numRuns: 1000 },
  );
});

Deno.test("the order of rules does not matter to what is allowed", () => {
  fc.assert(fc.property(rules, rules, target, answer, (allow, deny, goal, end) => {
    const one = address({ allow, deny }, goal, HostPort.parse(goal).address?.toString() ?? end);
    const other = address(
      { allow: allow.toReversed(), deny: deny.toReversed() },
      goal,
      HostPort.parse(goal).address?.toString() ?? end,
    );
    assert.equal(one.allowed, other.allowed);
  }));
});
