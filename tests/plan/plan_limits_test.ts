import assert from "node:assert/strict";
import { makePlan } from "../../lib/plan/make_plan.ts";
import { type LimitFacts, planLimits, wantedControllers } from "../../lib/plan/plan_limits.ts";
import type { Limits } from "../../lib/policy/limits.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { FakeTree, hostFacts, pathPolicy } from "./facts.ts";

const limit = (value: number) => ({ text: String(value), origin: "p.json:3", value });
const SCOPE: LimitFacts = { scope: { parent: "/cg/user" }, processesUnbound: undefined };
const NO_SCOPE: LimitFacts = { scope: { missing: "there is none" }, processesUnbound: undefined };
const ALL: Limits = {
  wallTime: limit(1000),
  cpuTime: limit(5),
  memory: limit(2 ** 30),
  openFiles: limit(64),
  processes: limit(9),
  fileSize: limit(4096),
};

Deno.test("memory is held for all together where a cgroup can be made, the rest by process", () => {
  const { byProcess, scope, noScope } = planLimits(ALL, SCOPE);
  assert.deepEqual(Object.keys(byProcess).sort(), ["cpuTime", "fileSize", "openFiles", "processes"]);
  assert.deepEqual(scope, { parent: "/cg/user", memory: 2 ** 30 });
  assert.equal(noScope, undefined);
});

Deno.test("without a cgroup memory is held by process, and the plan says why", () => {
  const { byProcess, scope, noScope } = planLimits(ALL, NO_SCOPE);
  assert.equal(byProcess.memory?.value, 2 ** 30);
  assert.equal("wallTime" in byProcess, false);
  assert.deepEqual([scope, noScope], [undefined, "there is none"]);
});

Deno.test("processes that the kernel does not count by user are counted by a cgroup", () => {
  const { byProcess, scope } = planLimits({ processes: limit(9) }, { ...SCOPE, processesUnbound: "root" });
  assert.deepEqual(byProcess, {});
  assert.deepEqual(scope, { parent: "/cg/user", processes: 9 });
});

Deno.test("where nothing can count processes the policy is refused, with what would help", () => {
  assert.throws(
    () => planLimits({ processes: limit(9) }, { ...NO_SCOPE, processesUnbound: "root is not counted" }),
    (error) =>
      error instanceof TomboloError && error.status === 125 &&
      /processes to 9 \(p\.json:3\): root is not counted, and there is none/.test(error.message) &&
      /ordinary user|cgroup v2/.test(error.remedy ?? ""),
  );
});

Deno.test("a cgroup is wanted for what it alone can hold", () => {
  assert.deepEqual(wantedControllers({ openFiles: limit(9), processes: limit(9) }, false), []);
  assert.deepEqual(wantedControllers(ALL, false), ["memory"]);
  assert.deepEqual(wantedControllers(ALL, true), ["memory", "pids"]);
});

Deno.test("where everything may be written the cgroups may not, if one of them holds a limit", () => {
  const mounts = (writeAllow: readonly string[], facts: LimitFacts) => {
    const policy = pathPolicy({ readAllow: ["/"], writeAllow }, { base: "workspace" });
    const tree = new FakeTree(["/work/", "/tmp/", "/run/", "/dev/", "/proc/"]);
    const plan = makePlan(policy, hostFacts({ tree, policy, cwd: "/work" }), {
      command: ["true"],
      environment: new Map(),
      cwdNamed: false,
      runtime: { deno: "/deno", stage2: "/stage2.js" },
      held: planLimits({ memory: limit(2 ** 30) }, facts),
    });
    return plan.mounts.filter(({ target }) => target.startsWith("/sys"));
  };
  assert.deepEqual(mounts(["/"], SCOPE), [{ kind: "read", target: "/sys/fs/cgroup" }]);
  assert.deepEqual(mounts(["/work"], SCOPE), []);
  assert.deepEqual(mounts(["/"], NO_SCOPE), []);
});

function kindOf(limits: Limits, facts: LimitFacts): string {
  const policy = pathPolicy({ readAllow: ["/"] }, { base: "workspace", limits });
  const tree = new FakeTree(["/usr/bin/env", "/tmp/", "/run/", "/dev/", "/proc/"]);
  const { launcher, mounts, orders } = makePlan(policy, hostFacts({ tree, policy, env: "/usr/bin/env" }), {
    command: ["true"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    held: planLimits(limits, facts),
  });
  const ordered = Object.keys(orders.limits ?? {}).join(" ");
  return `${launcher.kind} ${mounts.some(({ kind }) => kind === "orders")} ${ordered}`.trim();
}

Deno.test("limits by process are stage2's to set, those of a cgroup alone need no stage2", () => {
  assert.equal(kindOf({ openFiles: limit(64) }, NO_SCOPE), "stage2 true openFiles");
  assert.equal(kindOf({ memory: limit(2 ** 30) }, NO_SCOPE), "stage2 true memory");
  assert.equal(kindOf({ memory: limit(2 ** 30) }, SCOPE), "direct false");
  assert.equal(kindOf({ wallTime: limit(5) }, NO_SCOPE), "direct false");
});
