import assert from "node:assert/strict";
import { bwrapArguments } from "../../lib/plan/bwrap_arguments.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import { FakeTree, hostFacts, pathPolicy } from "./facts.ts";

const REQUEST: PlanRequest = {
  command: ["true"],
  environment: new Map(),
  cwdNamed: false,
  runtime: { deno: "/opt/deno", stage2: "/opt/stage2.js" },
};

function planOf(base: Policy["base"], withoutProc: boolean): Plan {
  const policy = pathPolicy({ readAllow: [base === "none" ? "/usr" : "/"] }, { base });
  const tree = new FakeTree(["/usr/bin/env", "/run/", "/tmp/", "/dev/", "/proc/", "/opt/deno"]);
  return makePlan(policy, { ...hostFacts({ tree, policy, env: "/usr/bin/env" }), withoutProc }, REQUEST);
}

function argumentsOf(plan: Plan): string {
  const masks = { maskFile: "/m/f", maskDirectory: "/m/d" };
  return bwrapArguments(plan, { masks, socket: "/s", publishSocket: "/p", seccomp: "/f", command: ["true"] })
    .join(" ");
}

for (const base of ["workspace", "none"] as const) {
  Deno.test(`${base}: without a fresh /proc the host's is covered, after everything that could show it, and sealed`, () => {
    const plan = planOf(base, true);
    assert.deepEqual(plan.mounts.filter(({ kind }) => kind === "proc"), []);
    const text = argumentsOf(plan);
    assert.doesNotMatch(text, /--proc /);
    const cover = text.indexOf("--perms 0755 --tmpfs /proc ");
    assert.ok(cover > text.indexOf("--ro-bind / /"), text);
    assert.ok(text.indexOf("--remount-ro /proc ") > cover, text);
    const later = plan.mounts.slice(plan.mounts.findIndex(({ target }) => target === "/proc") + 1);
    assert.deepEqual(later.filter(({ kind, target }) => kind !== "seal" && target === "/"), []);
  });

  Deno.test(`${base}: that there is no /proc is said, and not where there is one`, () => {
    assert.deepEqual(planOf(base, true).notices.map((notice) => notice.split(":")[0]), ["no /proc inside"]);
    assert.deepEqual(planOf(base, false).notices, []);
    assert.match(argumentsOf(planOf(base, false)), /--proc \/proc/);
  });
}
