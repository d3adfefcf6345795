import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import type { ProgramFacts } from "../../lib/plan/host_facts.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { decidePath } from "../../lib/policy/decide_path.ts";
import type { RuledProgram } from "../../lib/policy/decide_run.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import { FakeTree, hostFacts, pathPolicy, type RuleTexts } from "./facts.ts";
import { MountSimulator } from "./mount_simulator.ts";

const HOST = ["/usr/bin/env", "/usr/bin/sh", "/usr/bin/git", "/usr/bin/sudo", "/work/bin/tool", "/work/x"];
const TREE = new FakeTree([...HOST, "/tmp/", "/run/", "/dev/", "/proc/"]);
const RUNTIME = { deno: "/opt/deno", stage2: "/stage2.js" };
const NET = { allow: [], deny: [], resolve: new Map(), allowAll: { text: "all", origin: "--allow-net" } };

function ruled(path: string, origin: string, because?: string): RuledProgram {
  const rule = { text: path.slice(path.lastIndexOf("/") + 1), origin };
  return { path: SafePath.of(path), rule, ...(because === undefined ? {} : { because }) };
}

interface Scene {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly paths?: RuleTexts;
  readonly rest?: Partial<Policy>;
  readonly request?: Partial<PlanRequest>;
}

function planOf({ allow, deny = [], paths, rest, request }: Scene): Plan {
  const programs: ProgramFacts = {
    ...(allow === undefined ? {} : { allow: allow.map((path) => ruled(path, "--allow-run")) }),
    deny: deny.map((path) => ruled(path, "--deny-run")),
    notices: ["said of programs"],
    topLevel: [SafePath.of("/usr"), SafePath.of("/work")],
  };
  const policy = pathPolicy(paths ?? { readAllow: ["/"], writeAllow: ["/work"] }, {
    base: "workspace",
    ...rest,
    run: { deny: programs.deny.map(({ rule }) => rule) },
  });
  return makePlan(policy, hostFacts({ tree: TREE, policy, cwd: "/work", env: "/usr/bin/env", programs }), {
    command: ["git"],
    environment: new Map([["PATH", "/usr/bin"]]),
    cwdNamed: false,
    runtime: RUNTIME,
    ...request,
  });
}

function seen(plan: Plan, path: string): string {
  const simulator = new MountSimulator(TREE, plan.mounts);
  assert.deepEqual(simulator.faults, []);
  return simulator.see(path);
}

Deno.test("a denied program is hidden, whatever allows reading or writing it, and nothing else is", () => {
  for (
    const paths of [{ readAllow: ["/", "/usr/bin/sudo"] }, { writeAllow: ["/", "/usr/bin/sudo", "/work"] }]
  ) {
    const plan = planOf({ deny: ["/usr/bin/sudo"], paths });
    assert.equal(seen(plan, "/usr/bin/sudo"), "none");
    assert.notEqual(seen(plan, "/usr/bin/git"), "none");
    assert.equal(decidePath(plan.decider, "read", SafePath.of("/usr/bin/sudo")).allowed, false);
  }
});

Deno.test("neither a denied program in the work tree nor a directory above it can be renamed or replaced", () => {
  const plan = planOf({ deny: ["/work/bin/tool"] });
  const targets = plan.mounts.map(({ target }) => target);
  for (const path of ["/work/bin", "/work/bin/tool"]) assert.ok(targets.includes(path), path);
  assert.deepEqual(plan.watch, []);
});

Deno.test("without a list bubblewrap alone starts the command, and there are no orders", () => {
  const plan = planOf({ deny: ["/usr/bin/sudo"] });
  assert.equal(plan.launcher.kind, "direct");
  assert.deepEqual(plan.orders, {});
  assert.equal(plan.seccomp.refuseExecutableMemory, undefined);
});

Deno.test("a list goes to stage2, also without network and where it is empty", () => {
  for (const allow of [[], ["/usr/bin/git"]]) {
    const plan = planOf({ allow });
    assert.equal(plan.launcher.kind, "stage2");
    assert.deepEqual(plan.orders, { execute: allow });
    assert.equal(plan.seccomp.refuseExecutableMemory, true);
    assert.ok(
      plan.mounts.some(({ kind, target }) => kind === "orders" && target === "/run/tombolo/launch.json"),
    );
  }
});

Deno.test("what is denied is on no list, also where an allowed program needs it", () => {
  const plan = planOf({ allow: ["/usr/bin/git", "/usr/bin/sh"], deny: ["/usr/bin/sh"] });
  assert.deepEqual(plan.orders.execute, ["/usr/bin/git"]);
  assert.deepEqual(plan.run?.allow?.map(({ path }) => `${path}`), ["/usr/bin/git"]);
});

Deno.test("a denied shell is not brought in: nothing inside is started by one", () => {
  const plan = planOf({ deny: ["/usr/bin/sh"], rest: { net: NET } });
  assert.equal(plan.launcher.kind, "stage2");
  assert.ok(!plan.mounts.some((mount) => "source" in mount && mount.source === "/bin/sh"));
  assert.equal(plan.orders.execute, undefined);
  assert.equal(planOf({ deny: ["/usr/bin/sudo"], rest: { net: NET } }).orders.execute, undefined);
});

Deno.test("a denied deno is not to be had as stage2's runtime, and a denied env does not start the command", () => {
  const denied = planOf({ deny: ["/opt/deno"], rest: { net: NET } });
  assert.deepEqual(denied.orders.execute, ["/usr", "/work"]);
  assert.deepEqual(planOf({ deny: ["/home/ann/deno"], request: { stage2: true } }).orders.execute, [
    "/usr",
    "/work",
  ]);
  assert.equal(planOf({ deny: ["/usr/bin/env"] }).launcher.kind, "stage2");
});

Deno.test("with stage2 as a program a denied deno has none to hide, but for a worker's", () => {
  const request = { runtime: { stage2: "/state/stage2" }, stage2: true };
  const denied = (deny: string, rest: Partial<PlanRequest> = {}) =>
    planOf({ deny: [deny], request: { ...request, ...rest } }).orders.execute;
  assert.equal(denied("/home/ann/deno"), undefined);
  assert.deepEqual(denied("/state/stage2"), ["/usr", "/work"]);
  assert.deepEqual(denied("/home/ann/deno", { ownRuntime: "/state/deno" }), ["/usr", "/work"]);
});

Deno.test("a program that may be run and written is said, a denied or a read-only one is not", () => {
  const plan = planOf({ allow: ["/usr/bin/git", "/work/bin/tool", "/work/x"], deny: ["/work/x"] });
  assert.equal(plan.notices.length, 2);
  assert.equal(plan.notices[0], "said of programs");
  assert.match(plan.notices[1] ?? "", /^"\/work\/bin\/tool" may be run \(tool, --allow-run\) and written: /);
});
