import assert from "node:assert/strict";
import fc from "fast-check";
import { HostPort } from "../../lib/host/host_port.ts";
import { IpAddress } from "../../lib/host/ip_address.ts";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { commandEnvironment, givesVariable } from "../../lib/policy/command_environment.ts";
import { composePolicies } from "../../lib/policy/compose_policies.ts";
import { decideAddress, decideHost } from "../../lib/policy/decide_host.ts";
import { decideOpening } from "../../lib/policy/decide_opening.ts";
import { letsOut } from "../../lib/policy/external_rules.ts";
import { loadPolicyText } from "../../lib/policy/load_policy_file.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import type { PolicyDocument } from "../../lib/policy/policy_schema.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function policy(document: PolicyDocument): Policy {
  const sources = loadPolicyText(JSON.stringify({ extends: "none", ...document }), "/work", "test");
  return buildPolicy(sources, { cwd: "/work", home: "/home/me", variable: () => "/home/me" });
}

const hostTexts = fc.constantFrom(
  "example.com",
  "*.example.com",
  "a.example.com:443",
  "localhost",
  "127.0.0.1",
  "10.0.0.0/8",
  "10.1.0.0/16:5432",
  "metadata.google.internal",
  "169.254.169.254",
  "[fd00::]/8",
  "203.0.113.7",
);
const hostLists = fc.oneof(fc.array(hostTexts, { maxLength: 3 }), fc.constant<true>(true));
const nets = fc.record({ allow: hostLists, deny: fc.array(hostTexts, { maxLength: 2 }) }).map((net) =>
  policy({ net })
);
const targets = fc.tuple(
  fc.constantFrom(
    "example.com",
    "a.example.com",
    "b.a.example.com",
    "localhost",
    "127.0.0.1",
    "10.1.2.3",
    "10.9.9.9",
    "metadata.google.internal",
    "169.254.169.254",
    "[fd00::1]",
    "203.0.113.7",
    "198.51.100.1",
  ),
  fc.constantFrom(80, 443, 5432),
).map(([host, port]) => HostPort.of(host, port));
const addresses = fc.constantFrom("127.0.0.1", "10.1.2.3", "203.0.113.7", "93.184.216.34", "169.254.169.254");

Deno.test("a host is allowed exactly where both policies allow it, by name and by address", () => {
  fc.assert(
    fc.property(nets, nets, targets, addresses, (parent, child, target, text) => {
      const { net } = composePolicies(parent, child);
      const byName = (each: Policy) => decideHost(each.net, target).allowed;
      assert.equal(decideHost(net, target).allowed, byName(parent) && byName(child));
      const address = target.address ?? IpAddress.parse(text);
      assert.ok(address);
      const byAddress = (each: Policy) => decideAddress(each.net, target, address, []).allowed;
      assert.equal(decideAddress(net, target, address, []).allowed, byAddress(parent) && byAddress(child));
      const opens = (each: Policy) => decideOpening(each.net, target, { tls: false }).allowed;
      assert.equal(decideOpening(net, target, { tls: false }).allowed, opens(parent) && opens(child));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("no gateway is needed where one of the policies lets nothing out", () => {
  fc.assert(fc.property(nets, nets, (parent, child) => {
    const { net } = composePolicies(parent, child);
    assert.equal(letsOut(net), letsOut(parent.net) && letsOut(child.net));
  }));
});

const variableNames = fc.constantFrom("PATH", "LC_ALL", "LC_TIME", "A_TOKEN", "B_TOKEN", "CI", "LC_TOKEN");
const nameTexts = fc.constantFrom("PATH", "LC_*", "*_TOKEN", "CI", "A_*", "*_T*".slice(0, 3));
const envs = fc.record({
  allow: fc.oneof(fc.array(nameTexts, { maxLength: 3 }), fc.constant<true>(true)),
  deny: fc.array(nameTexts, { maxLength: 2 }),
  set: fc.dictionary(variableNames, fc.constantFrom("1", "2"), { maxKeys: 2 }),
}).map((env) => policy({ env }));

Deno.test("a variable is given exactly where both policies give it", () => {
  fc.assert(
    fc.property(envs, envs, variableNames, (parent, child, name) => {
      const { env } = composePolicies(parent, child);
      const both = givesVariable(parent.env, name) && givesVariable(child.env, name);
      assert.equal(givesVariable(env, name), both);
      const inside = commandEnvironment(env, { [name]: "caller" });
      assert.equal(inside.has(name), both);
      if (!both) return;
      const expected = parent.env.set.get(name) ?? child.env.set.get(name) ?? "caller";
      assert.equal(inside.get(name), expected);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("three policies give no variable that one of them does not give", () => {
  fc.assert(
    fc.property(envs, envs, envs, variableNames, (one, two, three, name) => {
      const all = composePolicies(composePolicies(one, two), three);
      const other = composePolicies(one, composePolicies(two, three));
      const expected = [one, two, three].every(({ env }) => givesVariable(env, name));
      assert.equal(givesVariable(all.env, name), expected);
      assert.equal(givesVariable(other.env, name), expected);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("of two limits the smaller holds, and one alone stays", () => {
  const { limits } = composePolicies(
    policy({ limits: { wallTime: "10m", openFiles: 64 } }),
    policy({ limits: { wallTime: "1m", memory: "1GiB" } }),
  );
  assert.equal(limits.wallTime?.text, "1m");
  assert.equal(limits.openFiles?.value, 64);
  assert.equal(limits.memory?.text, "1GiB");
});

Deno.test("a socket stays reachable only where both name it", () => {
  const parent = policy({ net: { unix: ["/run/a.sock", "/run/b.sock"] } });
  const child = policy({ net: { unix: ["/run/b.sock", "/run/c.sock"] } });
  assert.deepEqual(composePolicies(parent, child).unix?.map(({ text }) => text), ["/run/b.sock"]);
  assert.equal(composePolicies(parent, policy({})).unix, undefined);
});

Deno.test("where connections are led is the parent's to say", () => {
  const refused = (parent: PolicyDocument, child: PolicyDocument, what: RegExp) =>
    assert.throws(
      () => composePolicies(policy(parent), policy(child)),
      (error) => error instanceof TomboloError && what.test(error.message) && error.remedy !== undefined,
    );
  refused({}, { net: { upstream: "proxy.example.com:3128" } }, /upstream/);
  refused({}, { net: { resolve: { "example.com": "203.0.113.7" } } }, /static address of "example.com"/);
  refused({ net: { resolve: { "example.com": "203.0.113.8" } } }, {
    net: { resolve: { "example.com": "203.0.113.7" } },
  }, /static address/);
  refused({}, { net: { external: { command: ["proxy"] } } }, /external/);
  refused({}, { net: { caBundle: "/etc/ca.pem" } }, /certificates/);
  const upstream = { net: { upstream: "proxy.example.com:3128" } };
  assert.equal(
    composePolicies(policy(upstream), policy(upstream)).net.upstream?.text,
    "http://proxy.example.com:3128",
  );
  assert.equal(
    composePolicies(policy(upstream), policy({})).net.upstream?.text,
    "http://proxy.example.com:3128",
  );
});

Deno.test("the base that shows less is the one that holds", () => {
  const base = (name: string) => policy({ extends: name });
  assert.equal(composePolicies(base("workspace"), base("none")).base, "none");
  assert.equal(composePolicies(base("none"), base("workspace")).base, "none");
  assert.equal(composePolicies(base("strict"), base("workspace")).base, "strict");
  assert.equal(composePolicies(base("workspace"), base("read-only")).base, "read-only");
});
