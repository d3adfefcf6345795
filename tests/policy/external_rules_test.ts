import assert from "node:assert/strict";
import {
  checkExternal,
  clientProtocols,
  leadsToExternal,
  nothingLeaves,
} from "../../lib/policy/external_rules.ts";
import type { ExternalRule, NetPolicy } from "../../lib/policy/net_policy.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { netPolicy, type PolicyText } from "../egress/fixtures/net_policy.ts";

const RULE: ExternalRule = {
  text: "proxy {port}",
  origin: "--external-proxy",
  command: ["proxy", "{port}"],
  protocol: "http",
  startupTimeout: 5000,
  onFailure: "fail",
};

function policy(text: PolicyText, more: Partial<NetPolicy> = {}): NetPolicy {
  return { ...netPolicy(text), external: RULE, ...more };
}

Deno.test("clients are led straight to the external proxy only where no rule speaks of single hosts", () => {
  const socks = { external: { ...RULE, protocol: "socks5" as const } };
  assert.equal(leadsToExternal(policy({ allowAll: true })), true);
  assert.deepEqual(clientProtocols(policy({ allowAll: true })), ["http"]);
  assert.deepEqual(clientProtocols(policy({ allowAll: true }, socks)), ["socks5"]);
  const others: PolicyText[] = [
    { allow: ["a.test"] },
    { allowAll: true, allow: ["a.test"] },
    { allowAll: true, deny: ["a.test"] },
    { allowAll: true, denyAll: true },
    {},
  ];
  for (const text of others) {
    assert.equal(leadsToExternal(policy(text)), false, JSON.stringify(text));
    assert.deepEqual(clientProtocols(policy(text, socks)), ["http", "socks5"]);
  }
  assert.equal(leadsToExternal(netPolicy({ allowAll: true })), false);
  assert.deepEqual(clientProtocols(netPolicy({ allowAll: true })), ["http", "socks5"]);
});

function refused(net: NetPolicy, message: RegExp, remedy: RegExp): void {
  assert.throws(() => checkExternal(net), (error) => {
    assert.ok(error instanceof TomboloError && error.status === 125);
    assert.match(error.message, /^Cannot use external proxy "proxy \{port\}" \(--external-proxy\): /);
    assert.match(error.message, message);
    assert.match(error.remedy ?? "", remedy);
    return true;
  });
}

Deno.test("an external proxy without any allowed host is an error that names the flag", () => {
  refused(policy({}), /no rule allows any host/, /--allow-net/);
  refused(policy({ deny: ["a.test"] }), /no rule allows any host/, /--allow-net/);
  for (const text of [{ allowAll: true }, { allow: ["a.test"] }, { allow: ["a.test"], deny: ["b.test"] }]) {
    checkExternal(policy(text));
  }
  // Nothing is to leave at all: the proxy is not started.
  checkExternal(policy({ denyAll: true }));
  checkExternal(netPolicy({}));
});

Deno.test("an upstream or a static address beside an external proxy is an error", () => {
  for (const proxy of ["env", "none"] as const) {
    const upstream = { text: proxy, origin: "team.jsonc:3", proxy };
    refused(
      policy({ allowAll: true }, { upstream }),
      new RegExp(`upstream is given too, "${proxy}" \\(team.jsonc:3\\)`),
      /.+/,
    );
  }
  refused(policy({ allowAll: true, resolve: { "db.test": ["10.0.0.1"] } }), /"db\.test"/, /leave one/);
});

Deno.test("without network nothing is allowed, and everything else stays", () => {
  const net = nothingLeaves(policy({ allowAll: true, allow: ["a.test"], deny: ["b.test"] }));
  assert.deepEqual([net.allow, net.allowAll, net.deny.length, net.external], [[], undefined, 1, RULE]);
  assert.equal(leadsToExternal(net), false);
});
