import assert from "node:assert/strict";
import { CommandDenied, findCommand } from "../../lib/launch/find_command.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import { FakeTree, hostFacts, pathPolicy } from "../plan/facts.ts";
import { TempDirectory } from "./temp_directory.ts";

interface Lists {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

function find(directory: TempDirectory, name: string, { allow, deny = [] }: Lists): void {
  const { path: cwd } = directory;
  const ruled = (origin: string) => (text: string) => ({
    path: SafePath.of(directory.at(text)),
    rule: { text, origin },
  });
  const programs = {
    ...(allow === undefined ? {} : { allow: allow.map(ruled("--allow-run")) }),
    deny: deny.map(ruled("--deny-run")),
    notices: [],
    topLevel: [],
  };
  const policy = pathPolicy({ readAllow: ["/"] });
  const tree = new FakeTree([`${cwd}/`, "/dev/", "/proc/", ...deny.map((text) => directory.at(text))]);
  findCommand(makePlan(policy, hostFacts({ tree, policy, cwd, privateDirectories: [], programs }), {
    command: [name],
    environment: new Map([["PATH", `${directory.at("one")}:${directory.at("two")}`]]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
  }));
}

function denial(directory: TempDirectory, name: string, lists: Lists): string {
  try {
    find(directory, name, lists);
  } catch (error) {
    assert.ok(error instanceof CommandDenied, String(error));
    assert.equal(error.status, 126);
    return `${error.message}; ${error.remedy ?? ""}`.replaceAll(directory.path, "DIR");
  }
  return "runs";
}

Deno.test("a command is denied by a rule of its own, or because no rule allows it", () => {
  using directory = new TempDirectory();
  directory.file("one/prog", "", 0o755);
  assert.equal(denial(directory, "prog", {}), "runs");
  assert.equal(
    denial(directory, "prog", { deny: ["one/prog"] }),
    "denied run prog (denied by one/prog (--deny-run)); ",
  );
  const unlisted = "(no rule allows it); to allow: --allow-run=";
  assert.equal(denial(directory, "prog", { allow: [] }), `denied run prog ${unlisted}prog`);
  assert.equal(denial(directory, "./one/prog", { allow: [] }), `denied run ./one/prog ${unlisted}./one/prog`);
  assert.equal(denial(directory, "prog", { allow: ["one"] }), "runs");
});

Deno.test("a command that is denied in one directory of PATH is found in the next, as execvp does", () => {
  using directory = new TempDirectory();
  for (const name of ["one/prog", "two/prog"]) directory.file(name, "", 0o755);
  assert.equal(denial(directory, "prog", { deny: ["one/prog"] }), "runs");
  assert.equal(denial(directory, "prog", { allow: ["two/prog"] }), "runs");
  assert.match(denial(directory, "prog", { deny: ["one/prog", "two/prog"] }), /denied by one\/prog/);
});

Deno.test("a script whose interpreter is denied says so", () => {
  using directory = new TempDirectory();
  const interpreter = directory.file("one/interpreter", "", 0o755);
  directory.file("one/script", `#!${interpreter}\n`, 0o755);
  assert.equal(
    denial(directory, "script", { deny: ["one/interpreter"] }),
    "denied run script (its interpreter DIR/one/interpreter: denied by one/interpreter (--deny-run)); ",
  );
});

Deno.test("what is absent stays 127 where programs are limited", () => {
  using directory = new TempDirectory();
  assert.throws(() => find(directory, "absent", { allow: [] }), /absent: not found/);
});
