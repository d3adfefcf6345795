import assert from "node:assert/strict";
import { gatherPrograms, type ProgramsRequest } from "../../lib/launch/gather_programs.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import type { ProgramFacts } from "../../lib/plan/host_facts.ts";
import type { ProgramRule } from "../../lib/policy/run_policy.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

function rule(text: string, directory: TempDirectory): ProgramRule {
  const path = text.includes("/") ? { path: SafePath.from(text, directory.path) } : {};
  return { text, origin: "--flag", ...path };
}

interface Given extends Partial<Omit<ProgramsRequest, "run">> {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

function gather(directory: TempDirectory, { allow, deny = [], ...request }: Given): ProgramFacts {
  return gatherPrograms({
    run: {
      ...(allow === undefined ? {} : { allow: allow.map((text) => rule(text, directory)) }),
      deny: deny.map((text) => rule(text, directory)),
    },
    searchPath: `${directory.at("one")}:${directory.at("two")}`,
    cwd: SafePath.of(directory.path),
    isTrusted: () => true,
    isWritable: () => false,
    ...request,
  });
}

function names(directory: TempDirectory, list: ProgramFacts["deny"] | undefined): string[] | undefined {
  return list?.map(({ path }) => path.toString().replace(`${directory.path}/`, ""));
}

function tree(): TempDirectory {
  const directory = new TempDirectory();
  directory.file("one/both", "one", 0o755);
  directory.file("two/both", "two", 0o755);
  directory.file("one/plain", "", 0o644);
  directory.file("two/plain", "", 0o755);
  Deno.symlinkSync("../two/both", directory.at("one/link"));
  return directory;
}

Deno.test("an allowed name is the first program on PATH, as for execvp", () => {
  using directory = tree();
  const facts = gather(directory, { allow: ["both", "plain", "link", "./one/both"] });
  assert.deepEqual(names(directory, facts.allow), ["one/both", "two/plain", "two/both", "one/both"]);
  assert.deepEqual(names(directory, gather(directory, { allow: [] }).allow), []);
  assert.equal(gather(directory, {}).allow, undefined);
});

Deno.test("an allowed name does not lead to where the command can write, if it is elsewhere too", () => {
  using directory = tree();
  const isWritable = (path: SafePath) => SafePath.of(directory.at("one")).contains(path);
  assert.deepEqual(names(directory, gather(directory, { allow: ["both"], isWritable }).allow), ["two/both"]);
  const searchPath = directory.at("one");
  const only = gather(directory, { allow: ["both"], isWritable, searchPath });
  assert.deepEqual(names(directory, only.allow), ["one/both"]);
});

Deno.test("hard links beside an allowed program are allowed with it: they are one file", () => {
  using directory = tree();
  Deno.linkSync(directory.at("one/both"), directory.at("one/beside"));
  const { allow } = gather(directory, { allow: ["both"] });
  assert.deepEqual(names(directory, allow), ["one/both", "one/beside"]);
});

Deno.test("an allowed directory comes with the loader of most programs", () => {
  using directory = tree();
  const { allow = [] } = gather(directory, { allow: ["./one"] });
  assert.equal(allow.length, 2);
  assert.match(allow[1]?.because ?? "", /^loader of programs in /);
});

Deno.test("the same loader is named once, and what a rule names is not named again as a need", () => {
  using directory = tree();
  const { allow = [] } = gather(directory, {
    allow: ["/bin/sh", "/usr/bin/env", "./script"],
    ...script(directory),
  });
  const paths = allow.map(({ path }) => path.toString());
  assert.equal(new Set(paths).size, paths.length);
  assert.equal(allow.filter(({ because }) => because !== undefined).length, 1);
});

function script(directory: TempDirectory): Partial<ProgramsRequest> {
  directory.file("script", "#!/usr/bin/env sh\n", 0o755);
  return { searchPath: "/usr/bin" };
}

Deno.test("a denied name is every file of that name, on PATH and in the system's directories", () => {
  using directory = tree();
  assert.deepEqual(names(directory, gather(directory, { deny: ["both"] }).deny), ["one/both", "two/both"]);
  assert.deepEqual(names(directory, gather(directory, { deny: ["./one/link"] }).deny), ["two/both"]);
  assert.deepEqual(names(directory, gather(directory, { deny: ["plain"] }).deny), ["one/plain", "two/plain"]);
  const shells = gather(directory, { deny: ["sh"] }).deny.map(({ path }) => path.toString());
  assert.deepEqual(shells, [Deno.realPathSync("/bin/sh")]);
  const none = gather(directory, { deny: ["absent", "./absent", "one"] });
  assert.deepEqual(none.deny, []);
});

Deno.test("hard links beside a denied program are denied with it; that others were not found is said", () => {
  using directory = tree();
  Deno.linkSync(directory.at("one/both"), directory.at("one/beside"));
  Deno.linkSync(directory.at("one/both"), directory.at("two/on-path"));
  const facts = gather(directory, { deny: ["./one/both"] });
  assert.deepEqual(names(directory, facts.deny), ["one/both", "one/beside", "two/on-path"]);
  assert.deepEqual(facts.notices, []);
  Deno.mkdirSync(directory.at("three"));
  Deno.linkSync(directory.at("one/both"), directory.at("three/elsewhere"));
  const [notice = ""] = gather(directory, { deny: ["./one/both"] }).notices;
  assert.match(notice, /has other names that were not found \(hard links\)/);
});

Deno.test("rules that cannot be held are errors that name rule, origin and remedy", () => {
  using directory = tree();
  Deno.makeTempDirSync({ dir: directory.path });
  const planted = { isTrusted: () => false };
  const writable = { isWritable: (path: SafePath) => path.name === "link" };
  const cases: readonly (readonly [Given, RegExp, RegExp])[] = [
    [{ allow: ["absent"] }, /allow the running of "absent" \(--flag\): no directory on/, /name its path/],
    [{ allow: ["./absent"] }, /"\.\/absent" \(--flag\): no such file or directory/, /^$/],
    [{ allow: ["/dev/null"] }, /it is not a program/, /^$/],
    [
      { allow: ["link"], ...planted },
      /one\/link" is a symbolic link to ".*two\/both"/,
      /name the target itself/,
    ],
    [{ allow: ["./one/link"], ...planted }, /is a symbolic link/, /name the target itself/],
    [{ allow: ["link"], ...writable }, /is a symbolic link/, /name the target itself/],
    [{ deny: ["./one"] }, /deny the running of "\.\/one" \(--flag\): it is a directory/, /--deny-read=\//],
  ];
  for (const [given, message, remedy] of cases) {
    assert.throws(() => gather(directory, given), (error) => {
      assert.ok(error instanceof TomboloError && error.kind === "policy");
      assert.match(error.message, message);
      assert.match(error.remedy ?? "", remedy);
      return true;
    });
  }
});
