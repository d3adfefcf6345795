import assert from "node:assert/strict";
import { withUpstream } from "../../lib/launch/with_upstream.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import type { PolicySource } from "../../lib/policy/policy_source.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { FakeTree, hostFacts } from "../plan/facts.ts";

const entry = (text: string) => ({ text, origin: "--flag", base: "/work" });
const OPEN: PolicySource = { netAllow: { entries: [entry("a.test")] } };

/** The plan of a caller who lets the command have all variables. */
async function planOf(source: PolicySource, caller: Record<string, string>): Promise<Plan> {
  const policy = buildPolicy([source], { cwd: "/work", home: "/home/ann", variable: () => undefined });
  const tree = new FakeTree(["/work/", "/tmp/", "/run/", "/dev/", "/proc/"]);
  const plan = makePlan(policy, hostFacts({ tree, policy, cwd: "/work" }), {
    command: ["true"],
    environment: new Map([...Object.entries(caller), ...policy.env.set]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  });
  return await withUpstream(plan, policy, caller);
}

Deno.test("the caller's proxy becomes the gateway's, and its variables are not the command's", async () => {
  const caller = { HTTPS_PROXY: "http://p.test:1", no_proxy: "http://x", Http_Proxy: "y", A: "1" };
  const plan = await planOf(OPEN, caller);
  assert.equal(String(plan.upstream?.connect?.proxy), "http://p.test:1");
  assert.equal(plan.upstream?.http, undefined);
  assert.deepEqual([...plan.environment], [["A", "1"]]);
  assert.equal(plan.notices.length, 1);
});

Deno.test("a proxy variable that the policy sets is the command's", async () => {
  const set = { envSet: [{ ...entry("HTTPS_PROXY"), value: "http://mine" }] };
  const plan = await planOf({ ...OPEN, ...set }, { HTTPS_PROXY: "http://p.test:1", HTTP_PROXY: "x" });
  assert.deepEqual([...plan.environment], [["HTTPS_PROXY", "http://mine"]]);
});

Deno.test("without a gateway nothing is read, and nothing is taken from the command", async () => {
  const caller = { HTTPS_PROXY: "http://user:secret", A: "1" };
  const plan = await planOf({}, caller);
  assert.equal(plan.network, "none");
  assert.deepEqual([plan.upstream, [...plan.environment]], [undefined, Object.entries(caller)]);
  await assert.rejects(planOf(OPEN, caller), TomboloError);
});

Deno.test("with none, or behind an external proxy, the caller's proxies are not used", async () => {
  const caller = { HTTPS_PROXY: "http://user:secret" };
  const external = { external: { ...entry("proxy"), command: ["proxy", "{port}"] } };
  for (const source of [{ upstream: entry("none") }, external]) {
    const plan = await planOf({ ...OPEN, ...source }, caller);
    assert.deepEqual([plan.upstream, [...plan.environment]], [undefined, []]);
  }
});
