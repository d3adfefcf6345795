import assert from "node:assert/strict";
import { parseFlags } from "../../lib/cli/flags.ts";
import { flagsToSource } from "../../lib/cli/flags_to_source.ts";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { loadPolicyFile } from "../../lib/policy/load_policy_file.ts";
import type { PolicySource } from "../../lib/policy/policy_source.ts";
import { limitsPrograms, type ProgramRule, type RunPolicy } from "../../lib/policy/run_policy.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "../launch/temp_directory.ts";

function runOf(...sources: PolicySource[]): RunPolicy {
  return buildPolicy(sources, {
    cwd: "/work",
    home: "/home/ann",
    variable: (name) => name === "HOME" ? "/home/ann" : undefined,
  }).run;
}

function fromFlags(...args: string[]): PolicySource {
  return flagsToSource(parseFlags(args).flags, "/work");
}

function fromFile(text: string): PolicySource[] {
  using directory = new TempDirectory();
  const path = directory.file("policy.jsonc", text);
  return loadPolicyFile(path, "policy.jsonc", "--policy");
}

function texts(rules: readonly ProgramRule[] = []): string[] {
  return rules.map(({ text, path, origin }) => `${text} ${path ?? "by name"} ${origin}`);
}

Deno.test("every preset lets every program be run", () => {
  for (const preset of ["workspace", "none", "read-only", "npm"]) {
    const run = runOf(fromFlags(`--preset=${preset}`));
    assert.equal(run.allow, undefined, preset);
    assert.equal(limitsPrograms(run), false);
  }
});

Deno.test("a name is looked up later; what has a slash, a tilde or a dot is a path against its base", () => {
  const run = runOf(fromFlags("--allow-run=git,./tool,~/bin/x,/opt/y/../z,.,[", "--deny-run=sudo,../up"));
  assert.deepEqual(texts(run.allow), [
    "git by name --allow-run",
    "./tool /work/tool --allow-run",
    "~/bin/x /home/ann/bin/x --allow-run",
    "/opt/y/../z /opt/z --allow-run",
    ". /work --allow-run",
    "[ by name --allow-run",
  ]);
  assert.deepEqual(texts(run.deny), ["sudo by name --deny-run", "../up /up --deny-run"]);
});

Deno.test("lists of several sources unite, and a bare allow among them means everything", () => {
  const file = fromFile('{ "run": { "allow": ["git", "bin/tool"],\n "deny": ["su"] } }');
  const run = runOf(...file, fromFlags("--allow-run=make"));
  assert.deepEqual(texts(run.allow).map((text) => text.replace(/ \/\S+\/bin/, " DIR/bin")), [
    "git by name policy.jsonc:1",
    "bin/tool DIR/bin/tool policy.jsonc:1",
    "make by name --allow-run",
  ]);
  assert.deepEqual(texts(run.deny), ["su by name policy.jsonc:2"]);
  assert.deepEqual(runOf(...file, fromFlags("--allow-run")).allow, undefined);
  assert.deepEqual(runOf(...file, ...fromFile('{ "run": { "allow": true } }')).allow, undefined);
  assert.deepEqual(texts(runOf(...file, fromFlags("--allow-run")).deny), ["su by name policy.jsonc:2"]);
});

Deno.test("an empty list lets nothing be run", () => {
  const run = runOf(...fromFile('{ "run": { "allow": [] } }'));
  assert.deepEqual(run, { allow: [], deny: [] });
  assert.equal(limitsPrograms(run), true);
});

Deno.test("what is neither a name nor a path is an error that names rule and origin", () => {
  const cases: readonly (readonly [PolicySource[], RegExp])[] = [
    [[fromFlags("--allow-run=g*")], /"g\*" \(--allow-run\): wanted a name or a path, not a pattern/],
    [
      [fromFlags("--deny-run=/usr/bin/*")],
      /"\/usr\/bin\/\*" \(--deny-run\): wanted a name or a path, not a pattern/,
    ],
    [[fromFlags("--deny-run=/usr/bin/[ab]")], /not a pattern/],
    [[fromFlags("--deny-run=$FOO/x")], /\$FOO/],
    [[fromFlags("--allow-run=~other")], /only the own home directory/],
    [[fromFlags("--allow-run=/proc/self/exe")], /the sandbox has a \/proc of its own/],
    [fromFile('{ "run": { "allow": [\n""] } }'), /"" \(policy\.jsonc:2\): it is empty/],
    [fromFile('{ "run": { "deny": ["a\\u0000b"] } }'), /NUL/],
  ];
  for (const [sources, message] of cases) {
    assert.throws(() => runOf(...sources), (error) => {
      assert.ok(error instanceof TomboloError && error.kind === "policy");
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      return true;
    });
  }
});

Deno.test("a file with a wrong form is refused with key, line and what was wanted", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['{ "run": {\n "allow": "git" } }', /policy\.jsonc:2: key "run\.allow" .* list of strings, or true/],
    ['{ "run": { "deny": true } }', /key "run\.deny" has a wrong value, wanted a list of strings$/],
    ['{ "run": { "deny": [1] } }', /key "run\.deny\.0" .* a string/],
    ['{ "run": { "alow": [] } }', /unknown key "run\.alow", wanted one of allow, deny/],
    ['{ "run": true }', /key "run" has a wrong value/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => fromFile(text),
      (error) => error instanceof TomboloError && message.test(error.message),
      text,
    );
  }
});

Deno.test("--deny-run needs a list, --allow-run takes one after = only", () => {
  assert.throws(() => parseFlags(["--deny-run", "--", "x"]), /needs a list: --deny-run=PROGRAM,\.\.\./);
  assert.throws(() => fromFlags("--allow-run=a,,b"), /empty entry/);
  assert.deepEqual(parseFlags(["--allow-run", "git"]).command, ["git"]);
});
