import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import { deniedPrograms } from "../../lib/report/denied_programs.ts";
import { FakeTree, hostFacts, pathPolicy } from "../plan/facts.ts";
import { TempDirectory } from "../launch/temp_directory.ts";

const TIME = "2026-01-01T00:00:00.000Z";

function denied(directory: TempDirectory, command: readonly string[], limited = true): string[] {
  const { path: cwd } = directory;
  const policy = pathPolicy({ readAllow: ["/"] });
  const tree = new FakeTree([`${cwd}/`, "/dev/", "/proc/"]);
  const programs = {
    allow: ["env", "timeout", "good"].map((name) => ({
      path: SafePath.of(directory.at(name)),
      rule: { text: name, origin: "--allow-run" },
    })),
    deny: [],
    notices: [],
    topLevel: [],
  };
  const facts = hostFacts({ tree, policy, cwd, privateDirectories: [], ...(limited ? { programs } : {}) });
  const plan = makePlan(policy, facts, {
    command,
    environment: new Map([["PATH", cwd]]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  });
  return deniedPrograms(plan, TIME).map(({ kind, target, reason, suggestion }) =>
    `${kind} ${target} ${reason} ${suggestion}`
  );
}

Deno.test("of a command that runs another, the first program among its words is looked at", () => {
  using directory = new TempDirectory();
  for (const name of ["env", "timeout", "good", "bad", "worse"]) directory.file(name, "", 0o755);
  const bad = ["run bad no rule allows it --allow-run=bad"];
  assert.deepEqual(denied(directory, ["env", "A=1", "-i", "bad", "worse"]), bad);
  assert.deepEqual(denied(directory, [directory.at("env"), "timeout", "5", "bad"]), bad);
  assert.deepEqual(denied(directory, ["env", "./bad"]), ["run ./bad no rule allows it --allow-run=./bad"]);
  assert.deepEqual(denied(directory, ["env", "good", "bad"]), []);
});

Deno.test("of any other command nothing is guessed, nor where no rule speaks of programs", () => {
  using directory = new TempDirectory();
  for (const name of ["env", "good", "bad"]) directory.file(name, "", 0o755);
  for (const command of [["good", "bad"], ["env"], ["env", "absent"], ["env", "", "a\0b", "-x"], []]) {
    assert.deepEqual(denied(directory, command), [], command.join(" "));
  }
  assert.deepEqual(denied(directory, ["env", "bad"], false), []);
});
