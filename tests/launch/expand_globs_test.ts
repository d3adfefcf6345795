import assert from "node:assert/strict";
import { expandGlobs, newMatches } from "../../lib/launch/expand_globs.ts";
import { Glob, splitGlob } from "../../lib/paths/glob.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import type { GlobMatches } from "../../lib/plan/host_facts.ts";
import type { PathRule } from "../../lib/policy/policy.ts";
import { TempDirectory } from "./temp_directory.ts";

function rule(root: string, text: string): PathRule {
  const { head, pattern } = splitGlob(text);
  const path = SafePath.of(`${root}/${head}`);
  return { text, origin: "--deny-read", path, glob: Glob.parse(pattern), optional: false };
}

function make(root: string, ...paths: readonly string[]): void {
  for (const path of paths) {
    const at = `${root}/${path}`;
    Deno.mkdirSync(path.endsWith("/") ? at : at.slice(0, at.lastIndexOf("/")), { recursive: true });
    if (!path.endsWith("/")) Deno.writeTextFileSync(at, "");
  }
}

function shown(root: string, found: readonly GlobMatches[]) {
  const relative = (list: GlobMatches["matches"]) =>
    list.map(({ path, kind }) => `${path.toString().slice(root.length + 1)} ${kind}`).sort();
  return found.map((
    { matches, contents, targets },
  ) => [relative(matches), relative([...contents, ...targets])]);
}

Deno.test("several patterns with nested heads are expanded in one go", () => {
  using directory = new TempDirectory();
  const root = directory.path;
  make(root, "a/k.pem", "a/b/k.pem", "a/b/n.txt", "c/k.pem", "c/deep/er/", "node/.env", ".env");
  const rules = ["a/**/*.pem", "a/b/*.txt", "*/k.pem", "**/.env"].map((text) => rule(root, text));
  assert.deepEqual(shown(root, expandGlobs(rules)), [
    [["a/b/k.pem file", "a/k.pem file"], []],
    [["a/b/n.txt file"], []],
    [["a/k.pem file", "c/k.pem file"], []],
    [[".env file", "node/.env file"], []],
  ]);
});

Deno.test("below a match nothing more is looked for", () => {
  using directory = new TempDirectory();
  make(directory.path, "x/x/x");
  assert.deepEqual(shown(directory.path, expandGlobs([rule(directory.path, "**/x")])), [
    [["x directory"], []],
  ]);
});

Deno.test("a pattern for whole contents stands for the directories, not for their files", () => {
  using directory = new TempDirectory();
  make(directory.path, "s1/a", "s1/b/c", "s2/", "s3");
  for (const text of ["s*/**", "s*/*"]) {
    assert.deepEqual(shown(directory.path, expandGlobs([rule(directory.path, text)])), [
      [[], ["s1 directory", "s2 directory"]],
    ], text);
  }
  assert.deepEqual(shown(directory.path, expandGlobs([rule(directory.path, "s1/**")])), [
    [[], ["s1 directory"]],
  ]);
});

Deno.test("links are not walked through; what a matching link leads to is denied too", () => {
  using directory = new TempDirectory();
  const root = directory.path;
  make(root, "real/inner.pem", "secret");
  Deno.symlinkSync("real", `${root}/way`);
  Deno.symlinkSync("secret", `${root}/link.pem`);
  Deno.symlinkSync("nowhere", `${root}/dead.pem`);
  assert.deepEqual(shown(root, expandGlobs([rule(root, "**/*.pem")])), [
    [["dead.pem symlink", "link.pem symlink", "real/inner.pem file"], ["secret file"]],
  ]);
});

Deno.test("a head that is missing, a file, or not readable matches nothing", () => {
  using directory = new TempDirectory();
  make(directory.path, "file");
  for (const text of ["missing/*", "missing/**/x", "file/*"]) {
    const found = shown(directory.path, expandGlobs([rule(directory.path, text)]));
    assert.deepEqual(found, [[[], []]], text);
  }
});

Deno.test("a matching name that is not UTF-8 is refused: it could not be masked", async () => {
  using directory = new TempDirectory();
  await new Deno.Command("sh", { args: ["-c", `: > "$(printf '${directory.path}/a\\377.pem')"`] }).output();
  assert.throws(() => expandGlobs([rule(directory.path, "*.pem")]), /its name is not UTF-8/);
  assert.deepEqual(shown(directory.path, expandGlobs([rule(directory.path, "*.key")])), [[[], []]]);
});

Deno.test("new matches are those that were not there before", () => {
  using directory = new TempDirectory();
  const root = directory.path;
  make(root, "old.js", "sub/");
  const rules = ["*.js", "sub/*.js", "d*/**"].map((text) => rule(root, text));
  const before = expandGlobs(rules);
  make(root, "new.js", "sub/new.js", "sub/other.txt", "d1/x", "d2/");
  Deno.symlinkSync("/etc/passwd", `${root}/link.js`);
  assert.deepEqual(
    newMatches(before).map(({ path, rule }) => [path.slice(root.length + 1), rule.text]).sort(),
    [
      ["d1", "d*/**"],
      ["link.js", "*.js"],
      ["new.js", "*.js"],
      ["sub/new.js", "sub/*.js"],
    ],
  );
});
