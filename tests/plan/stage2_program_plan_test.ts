import assert from "node:assert/strict";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import { FakeTree, hostFacts, pathPolicy } from "./facts.ts";

const TREE = new FakeTree([
  "/usr/bin/env",
  "/usr/bin/sh",
  "/usr/lib/ld.so",
  "/run/",
  "/tmp/",
  "/dev/",
  "/proc/",
  "/work/",
]);
const SCRIPT = { deno: "/opt/deno", stage2: "/opt/stage2.js" };
const PROGRAM = { stage2: "/state/stage2" };

function planOf(
  request: Partial<PlanRequest> & Pick<PlanRequest, "runtime">,
  base: "workspace" | "none" = "workspace",
): Plan {
  const policy = pathPolicy({ readAllow: [base === "none" ? "/work" : "/"] }, { base });
  return makePlan(policy, hostFacts({ tree: TREE, policy, env: "/usr/bin/env" }), {
    command: ["true"],
    environment: new Map([["PATH", "/usr/bin"]]),
    cwdNamed: false,
    ...request,
  });
}

Deno.test("a stage2 that is a program is mounted and called by itself, and no Deno stands inside", () => {
  const plan = planOf({ runtime: PROGRAM, stage2: true });
  assert.deepEqual(plan.launcher, { kind: "stage2", program: ["/run/tombolo/stage2"] });
  const mounts = plan.mounts.filter(({ target }) => target.startsWith("/run/tombolo/"));
  assert.deepEqual(mounts.filter(({ kind }) => kind === "file"), [
    { kind: "file", source: "/state/stage2", target: "/run/tombolo/stage2" },
  ]);
  const libraries = ["/usr/lib/ld.so", "/usr/lib/libc.so.6"];
  const hidden = planOf({ runtime: { ...PROGRAM, libraries } }, "none");
  const call = ["/run/tombolo/lib/loader", "--library-path", "/run/tombolo/lib"];
  assert.deepEqual(hidden.launcher, {
    kind: "stage2",
    program: [...call, "/run/tombolo/stage2"],
  });
});

for (
  const [form, runtime] of [["a script", SCRIPT], ["a program", {
    stage2: "/state/stage2",
  }]] as const
) {
  Deno.test(`a program of tombolo's own finds its Deno inside, where stage2 is ${form}`, () => {
    const request = { runtime, ownRuntime: "/opt/deno" };
    const direct = planOf(request);
    const deno = { kind: "file", source: "/opt/deno", target: "/run/tombolo/deno" };
    const isDeno = ({ target }: { target: string }) => target === "/run/tombolo/deno";
    assert.deepEqual(direct.runtime, ["/run/tombolo/env", "--default-signal", "/run/tombolo/deno"]);
    assert.deepEqual(direct.mounts.filter(isDeno), [deno]);
    const launched = planOf({ ...request, stage2: true });
    assert.deepEqual(launched.runtime, ["/run/tombolo/deno"]);
    assert.deepEqual(launched.mounts.filter(isDeno), [deno]);
    assert.equal(launched.launcher.kind, "stage2");
  });
}
