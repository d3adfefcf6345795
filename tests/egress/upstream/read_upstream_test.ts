import assert from "node:assert/strict";
import { readUpstream } from "../../../lib/egress/upstream/read_upstream.ts";
import type { Upstream } from "../../../lib/egress/upstream/upstream.ts";
import { ProxyUrl } from "../../../lib/host/proxy_url.ts";
import type { NetPolicy } from "../../../lib/policy/net_policy.ts";
import { TomboloError } from "../../../lib/report/tombolo_error.ts";
import { netPolicy } from "../fixtures/net_policy.ts";

const PLAIN = netPolicy({ allowAll: true });

function withRule(proxy: "env" | "none" | ProxyUrl): NetPolicy {
  return { ...PLAIN, upstream: { text: String(proxy), origin: "--upstream", proxy } };
}

/** Each use with its proxy and where that is named. */
function uses(upstream: Upstream | undefined): Record<string, string> {
  const { noProxy: _, ...named } = upstream ?? {};
  return Object.fromEntries(
    Object.entries(named).map(([use, { proxy, origin }]) => [use, `${proxy} ${origin}`]),
  );
}

function read(environment: Record<string, string>, net = PLAIN): Record<string, string> {
  return uses(readUpstream(net, environment).upstream);
}

Deno.test("each way to ask has its variable, and ALL_PROXY stands in", () => {
  const [http, https, all] = ["http://h.test", "http://s.test", "socks5://a.test"];
  assert.deepEqual(read({}), {});
  assert.deepEqual(read({ HTTP_PROXY: http }), { http: "http://h.test:80 HTTP_PROXY" });
  assert.deepEqual(read({ HTTPS_PROXY: https }), {
    connect: "http://s.test:80 HTTPS_PROXY",
    socks5: "http://s.test:80 HTTPS_PROXY",
  });
  assert.deepEqual(read({ all_proxy: all }), {
    connect: "socks5://a.test:1080 all_proxy",
    http: "socks5://a.test:1080 all_proxy",
    socks5: "socks5://a.test:1080 all_proxy",
  });
  assert.deepEqual(read({ HTTP_PROXY: http, HTTPS_PROXY: https, ALL_PROXY: all }), {
    connect: "http://s.test:80 HTTPS_PROXY",
    http: "http://h.test:80 HTTP_PROXY",
    socks5: "socks5://a.test:1080 ALL_PROXY",
  });
});

Deno.test("lower case wins where both are set, and an empty variable is none", () => {
  assert.deepEqual(read({ http_proxy: "low.test:1", HTTP_PROXY: "up.test:1" }), {
    http: "http://low.test:1 http_proxy",
  });
  assert.deepEqual(read({ http_proxy: " ", HTTP_PROXY: " up.test:1 " }), {
    http: "http://up.test:1 HTTP_PROXY",
  });
  assert.deepEqual(
    read({ HTTPS_PROXY: "", https_proxy: "", ALL_PROXY: "a.test:1" })["connect"],
    "http://a.test:1 ALL_PROXY",
  );
  // Known as spelt: other mixtures are nobody's variable.
  assert.deepEqual(read({ Https_Proxy: "http://h.test" }), {});
});

Deno.test("a value that does not parse names its variable, and nothing of the value", () => {
  const values = [
    "http://user:CANARY@",
    "http://user:CANARY",
    "CANARY://x",
    "http://CANARY@host:0",
    "http://x:CANARY@a b",
  ]
    .concat(["http://CANARY:pw/d@proxy.test:1", "http://[::1", "http://user:CANARY@proxy.test:99999"]);
  for (const name of ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"]) {
    for (const value of values) {
      assert.throws(() => read({ [name]: value }), (error) => {
        assert.ok(error instanceof TomboloError, String(error));
        assert.ok(error.message.endsWith(` (${name})`), error.message);
        assert.equal(error.remedy, "--upstream=none goes direct");
        // The scheme stands before any credentials.
        if (!value.startsWith("CANARY://")) assert.doesNotMatch(Deno.inspect(error), /CANARY/);
        return true;
      });
    }
  }
});

Deno.test("a proxy of the policy takes everything, and NO_PROXY still counts", () => {
  const net = withRule(ProxyUrl.parse("https://user:pw@p.test"));
  const { upstream } = readUpstream(net, {
    HTTPS_PROXY: "not one",
    NO_PROXY: "corp.com",
    no_proxy: "low.test",
  });
  assert.deepEqual(uses(upstream), {
    connect: "https://p.test:443 --upstream",
    http: "https://p.test:443 --upstream",
    socks5: "https://p.test:443 --upstream",
  });
  assert.equal(String(upstream?.noProxy), "low.test");
  assert.doesNotMatch(JSON.stringify(upstream), /user|pw/);
});

Deno.test("with none, the environment is not even read; with env, it is", () => {
  assert.deepEqual(readUpstream(withRule("none"), { HTTPS_PROXY: "not one", NO_PROXY: "http://" }), {
    notices: [],
  });
  assert.deepEqual(read({ HTTP_PROXY: "h.test:1" }, withRule("env")), { http: "http://h.test:1 HTTP_PROXY" });
});

Deno.test("entries of NO_PROXY that are no host are said, escaped and not all of them", () => {
  const list = ["\x1b[2J", "ok.test", ...Array.from({ length: 9 }, (_, i) => `http://${i}`)].join(",");
  const { notices } = readUpstream(PLAIN, { HTTP_PROXY: "h.test:1", NO_PROXY: list });
  assert.deepEqual(notices, [
    'NO_PROXY holds what is no host, which matches nothing: "\\x1b[2J", "http://0", "http://1", "http://2", "http://3" and 5 more',
  ]);
  assert.deepEqual(readUpstream(PLAIN, { NO_PROXY: list }).notices, []);
});

Deno.test("deny rules for addresses are said to hold for addresses only", () => {
  const net = netPolicy({ allowAll: true, deny: ["10.0.0.0/8", "ads.test"] });
  const { notices } = readUpstream(net, { HTTP_PROXY: "h.test:1" });
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? "", /deny rules for addresses .*"10\.0\.0\.0\/8"$/);
  assert.deepEqual(readUpstream(net, {}).notices, []);
});
