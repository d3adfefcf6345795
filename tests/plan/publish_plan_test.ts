import assert from "node:assert/strict";
import { starterOf } from "../../lib/launch/starter.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import type { NetPolicy } from "../../lib/policy/net_policy.ts";
import { explainText } from "../../lib/report/explain.ts";
import { ip } from "../egress/fixtures/net_policy.ts";
import { FakeTree, hostFacts, pathPolicy } from "./facts.ts";

const CLOSED: NetPolicy = { allow: [], deny: [], resolve: new Map() };
const CONTEXT = {
  bwrap: "/usr/bin/bwrap",
  status: "/run/status",
  seccomp: "/state/filter",
  socket: "/run/1/gateway.sock",
  publishSocket: "/run/1/publish.sock",
  orders: "/run/1/launch.json",
  masks: { maskFile: "/state/mask/file", maskDirectory: "/state/mask/directory" },
  openFiles: undefined,
};

function published(...innerPorts: readonly number[]): NetPolicy {
  const rule = (innerPort: number) => ({
    text: `0:${innerPort}`,
    origin: "--publish",
    address: ip("127.0.0.1"),
    hostPort: 0,
    innerPort,
  });
  return { ...CLOSED, publish: innerPorts.map(rule) };
}

function planned(net: NetPolicy): { plan: Plan; text: string } {
  const policy = pathPolicy({ readAllow: ["/"] }, { base: "workspace", net });
  const tree = new FakeTree(["/usr/bin/env", "/tmp/", "/run/", "/dev/", "/proc/"]);
  const plan = makePlan(policy, hostFacts({ tree, policy, env: "/usr/bin/env" }), {
    command: ["prog"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  });
  return { plan, text: explainText({ policy, plan, bwrap: [] }) };
}

Deno.test("a published port brings the bridge and its second socket, though nothing may leave", () => {
  const { plan, text } = planned(published(3000));
  assert.equal(plan.network, "gateway");
  assert.deepEqual(plan.net.allow, []);
  const { args } = starterOf(plan, CONTEXT);
  const at = args.indexOf("/run/1/publish.sock");
  assert.deepEqual(args.slice(at - 1, at + 2), [
    "--ro-bind",
    "/run/1/publish.sock",
    "/run/tombolo/publish.sock",
  ]);
  assert.match(text, /\npublished \(the host reaches in\):\n {2}0:3000 {2}--publish\n/);
});

Deno.test("a bare deny of every host does not close published ports, and they open no host", () => {
  const { plan } = planned({ ...published(3000), denyAll: { text: "every host", origin: "--deny-net" } });
  assert.equal(plan.network, "gateway");
  assert.notEqual(plan.net.denyAll, undefined);
});

Deno.test("without published ports there is no second socket, and nothing of it is handed on", () => {
  const all = { ...CLOSED, allowAll: { text: "every public host", origin: "--allow-net" } };
  for (const net of [CLOSED, { ...CLOSED, publish: [] }, all]) {
    const { plan, text } = planned(net);
    assert.equal(plan.network, net === all ? "gateway" : "none");
    const { args, env } = starterOf(plan, CONTEXT);
    assert.doesNotMatch(`${args} ${Object.keys(env)} ${text}`, /publish/i);
  }
});

Deno.test("stage2 is told each port once, and may dial these on IPv6 loopback", () => {
  const { args, env } = starterOf(planned(published(3000, 8080, 3000)).plan, CONTEXT);
  assert.equal(env["TOMBOLO_STAGE2_PUBLISH"], "3000,8080");
  assert.equal(env["TOMBOLO_STAGE2_PUBLISH_SOCKET"], "/run/tombolo/publish.sock");
  const sockets = ["/run/tombolo/gateway.sock", "/run/tombolo/publish.sock"];
  const net = ["127.0.0.1", "[::1]:3000", "[::1]:8080", ...sockets.map((path) => `unix:${path}`)];
  assert.ok(args.includes(`--allow-net=${net}`), `${args}`);
  assert.ok(args.includes(`--allow-write=${sockets}`), `${args}`);
});
