import assert from "node:assert/strict";
import { findCommand } from "../../lib/launch/find_command.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { FakeTree, hostFacts, pathPolicy } from "../plan/facts.ts";
import { TempDirectory } from "./temp_directory.ts";

function planOf(
  directory: TempDirectory,
  name: string,
  path: string | null,
  hidden: readonly string[],
): Plan {
  const { path: cwd } = directory;
  const policy = pathPolicy({ readAllow: ["/"], readDeny: hidden.map((each) => `${cwd}/${each}`) });
  const tree = new FakeTree([`${cwd}/`, "/dev/", "/proc/", ...hidden.map((each) => `${cwd}/${each}`)]);
  return makePlan(policy, hostFacts({ tree, policy, cwd, privateDirectories: [] }), {
    command: [name, "argument"],
    environment: new Map(path === null ? [] : [["PATH", path]]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  });
}

function outcome(
  directory: TempDirectory,
  name: string,
  path: string | null = directory.path,
  hidden: readonly string[] = [],
): number {
  try {
    findCommand(planOf(directory, name, path, hidden));
    return 0;
  } catch (error) {
    assert.ok(error instanceof TomboloError, String(error));
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return error.status;
  }
}

Deno.test("a program is found by name on PATH, by path, and relative to the working directory", () => {
  using directory = new TempDirectory();
  directory.file("bin/prog", "", 0o755);
  assert.equal(outcome(directory, "prog", directory.at("bin")), 0);
  assert.equal(outcome(directory, "prog", `/no/where:${directory.at("bin")}`), 0);
  assert.equal(outcome(directory, "prog", "bin"), 0);
  assert.equal(outcome(directory, "bin/prog"), 0);
  assert.equal(outcome(directory, "./bin/prog"), 0);
  assert.equal(outcome(directory, directory.at("bin/prog")), 0);
});

Deno.test("without PATH the system's own directories are searched", () => {
  using directory = new TempDirectory();
  assert.equal(outcome(directory, "sh", null), 0);
});

Deno.test("what is nowhere, or is hidden inside, is 127", () => {
  using directory = new TempDirectory();
  directory.file("secret/prog", "", 0o755);
  for (const name of ["absent", "./absent", "/absent/prog", "", "a\x1bb"]) {
    assert.equal(outcome(directory, name), 127, JSON.stringify(name));
  }
  assert.equal(outcome(directory, "prog", directory.at("secret"), ["secret/prog"]), 127);
  assert.equal(outcome(directory, "secret/prog", "", ["secret/prog"]), 127);
});

Deno.test("what cannot be executed is 126", () => {
  using directory = new TempDirectory();
  directory.file("plain", "", 0o644);
  Deno.mkdirSync(directory.at("folder"));
  assert.equal(outcome(directory, "plain"), 126);
  assert.equal(outcome(directory, "./plain"), 126);
  assert.equal(outcome(directory, "./folder"), 126);
});

Deno.test("one that cannot be executed is passed over for one that can, as execvp does", () => {
  using directory = new TempDirectory();
  directory.file("one/prog", "", 0o644);
  directory.file("two/prog", "", 0o755);
  assert.equal(outcome(directory, "prog", `${directory.at("one")}:${directory.at("two")}`), 0);
});

Deno.test("a script whose interpreter is missing or hidden is 126", () => {
  using directory = new TempDirectory();
  directory.file("good", "#!/bin/sh\n", 0o755);
  directory.file("missing", "#!/no/such/interpreter -x\n", 0o755);
  const interpreter = directory.file("interpreter", "", 0o755);
  directory.file("spaced", `#! \t${interpreter} -x\n`, 0o755);
  assert.equal(outcome(directory, "good"), 0);
  assert.equal(outcome(directory, "spaced"), 0);
  assert.equal(outcome(directory, "missing"), 126);
  assert.equal(outcome(directory, "spaced", directory.path, ["interpreter"]), 126);
});
