import assert from "node:assert/strict";
import type { Via } from "../../../lib/egress/guarded_dialer.ts";
import { NoProxy } from "../../../lib/egress/upstream/no_proxy.ts";
import { routeOf } from "../../../lib/egress/upstream/routes.ts";
import { HostPort } from "../../../lib/host/host_port.ts";
import { ProxyUrl } from "../../../lib/host/proxy_url.ts";
import { netPolicy } from "../fixtures/net_policy.ts";

const named = (text: string) => ({ proxy: ProxyUrl.parse(text), origin: "X" });
const policy = netPolicy({ allowAll: true, resolve: { "fixed.test": ["203.0.113.1"] } });

function via(noProxy: string) {
  const upstream = { connect: named("c.test"), socks5: named("s.test"), noProxy: NoProxy.parse(noProxy) };
  const route = routeOf(upstream, policy);
  return (host: string, how: Via = "connect") => route(HostPort.parse(host, 443), how)?.toString();
}

Deno.test("each way to ask has its own proxy, and none where none is named", () => {
  const route = via("");
  assert.equal(route("a.test"), "http://c.test:80");
  assert.equal(route("a.test", "socks5"), "http://s.test:80");
  assert.equal(route("a.test", "http"), undefined);
});

Deno.test("loopback, fixed names and what NO_PROXY lists go direct", () => {
  const route = via("corp.com,10.0.0.0/8");
  const direct = [
    "localhost",
    "a.localhost",
    "127.0.0.1",
    "127.9.9.9",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
  ]
    .concat(["fixed.test", "FIXED.test.", "corp.com", "a.corp.com", "10.1.2.3"]);
  for (const host of direct) assert.equal(route(host), undefined, host);
  const through = [
    "a.test",
    "x.fixed.test",
    "evilcorp.com",
    "localhost.test",
    "11.0.0.1",
    "169.254.169.254",
    "0.0.0.0",
  ];
  for (const host of through) assert.equal(route(host), "http://c.test:80", host);
  assert.equal(via("*")("a.test"), undefined);
});
