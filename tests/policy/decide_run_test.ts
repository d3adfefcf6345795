import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { decideRun, type RuledProgram } from "../../lib/policy/decide_run.ts";

function program(path: string, origin: string, because?: string): RuledProgram {
  const rule = { text: path.slice(path.lastIndexOf("/") + 1), origin };
  return { path: SafePath.of(path), rule, ...(because === undefined ? {} : { because }) };
}

const GIT = program("/usr/bin/git", "--allow-run");
const LOADER = program("/lib/ld.so", "--allow-run", "loader of /usr/bin/git");
const TOOLS = program("/opt/tools", "--allow-run");
const SUDO = program("/usr/bin/sudo", "--deny-run");

Deno.test("without a list everything is run but what a rule denies", () => {
  const decider = { deny: [SUDO] };
  assert.equal(decideRun(decider, SafePath.of("/usr/bin/git")).allowed, true);
  assert.deepEqual(decideRun(decider, SafePath.of("/usr/bin/sudo"), "sudo"), {
    allowed: false,
    reason: "denied by sudo (--deny-run)",
    rule: SUDO.rule,
  });
});

Deno.test("with a list nothing is run beside it, what it needs and what lies in its directories", () => {
  const decider = { allow: [GIT, LOADER, TOOLS], deny: [] };
  for (const path of ["/usr/bin/git", "/lib/ld.so", "/opt/tools/a/b", "/opt/tools"]) {
    assert.equal(decideRun(decider, SafePath.of(path)).allowed, true, path);
  }
  for (const path of ["/usr/bin/gitk", "/usr/bin", "/opt/toolsx", "/"]) {
    assert.equal(decideRun(decider, SafePath.of(path)).allowed, false, path);
  }
  assert.deepEqual(decideRun(decider, SafePath.of("/usr/bin/make"), "make"), {
    allowed: false,
    reason: "no rule allows it",
    suggestion: "--allow-run=make",
  });
});

Deno.test("deny beats allow at the same program, whichever list names it more closely", () => {
  const paths = ["/a/x", "/a/y", "/b/x", "/b"];
  const some = fc.subarray(paths).map((list) => list.map((path) => program(path, "rule")));
  fc.assert(fc.property(some, some, fc.constantFrom(...paths), (allow, deny, path) => {
    const decision = decideRun({ allow, deny }, SafePath.of(path));
    if (deny.some((one) => one.path.toString() === path)) assert.equal(decision.allowed, false);
    else assert.equal(decision.allowed, allow.some((one) => `${path}/`.startsWith(`${one.path}/`)));
    assert.equal(decision.suggestion === undefined, decision.rule !== undefined);
  }));
});
