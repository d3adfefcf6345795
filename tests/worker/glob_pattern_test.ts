import assert from "node:assert/strict";
import { globPattern, includePattern } from "../../lib/worker/glob_pattern.ts";
import { InvalidPatternError } from "../../lib/worker/worker_error.ts";

const names = (path: string) => path.split("/");

/** Pattern, what it fits, what it does not. */
const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ["*.ts", ["a.ts", ".ts"], ["a.js", "d/a.ts", "a.tsx"]],
  ["**/*.ts", ["a.ts", "d/a.ts", "d/e/a.ts"], ["a.js", "a.ts/b"]],
  ["**", ["a", "a/b/c"], []],
  ["d/**", ["d/a", "d/e/a"], ["d", "e/d/a"]],
  ["**/d/**", ["d/a", "x/d/a/b"], ["d", "x/d"]],
  ["a/**/b", ["a/b", "a/x/b", "a/x/y/b"], ["a/x/c", "x/a/b"]],
  ["d/*/f", ["d/e/f"], ["d/f", "d/e/e/f"]],
  ["?.md", ["a.md", "\u{1f30a}.md"], ["ab.md", ".md"]],
  ["[a-c]x", ["ax", "cx"], ["dx", "x"]],
  ["[!a-c]x", ["dx"], ["ax"]],
  ["[^a-c]x", ["dx"], ["ax"]],
  ["[]]x", ["]x"], ["x"]],
  ["[[:digit:]_]x", ["1x", "_x"], ["ax"]],
  ["a\\*b", ["a*b"], ["axb"]],
  ["{a,b}.ts", ["a.ts", "b.ts"], ["c.ts", "{a,b}.ts"]],
  ["{src,test/**}/*.ts", ["src/a.ts", "test/x/a.ts"], ["lib/a.ts"]],
  ["a{b,{c,d}}e", ["abe", "ace", "ade"], ["ae"]],
  ["{a}", ["{a}"], ["a"]],
  ["a{,b}", ["a", "ab"], ["b"]],
  ["./a//b", ["a/b"], ["b"]],
  ["*a*b*c", ["abc", "xaxbxc", "aabbcc"], ["acb", "abcd"]],
  [".*", [".env"], ["env"]],
  ["*", ["a", ".env"], ["a/b"]],
];

Deno.test("a glob fits the paths that a shell with globstar would fit", () => {
  for (const [text, fits, others] of TABLE) {
    const glob = globPattern(text);
    for (const path of fits) assert.equal(glob.matches(names(path)), true, `${text} ${path}`);
    for (const path of others) assert.equal(glob.matches(names(path)), false, `${text} ${path}`);
  }
});

Deno.test("a glob reaches only directories that something below could fit", () => {
  const reaches = (text: string, path: string) => globPattern(text).reaches(names(path));
  assert.equal(reaches("src/*.ts", "src"), true);
  assert.equal(reaches("src/*.ts", "lib"), false);
  assert.equal(reaches("src/*.ts", "src/deep"), false);
  assert.equal(reaches("**/x", "any/where"), true);
  assert.equal(reaches("*.ts", "src"), false);
});

Deno.test("a glob that is malformed or leads out of its directory is refused", () => {
  for (const text of ["", "/a", "../a", "a/../b", "[a", "a\\", "[[:no:]]", "a\0", "{a,b}".repeat(9)]) {
    assert.throws(() => globPattern(text), InvalidPatternError, JSON.stringify(text));
  }
});

Deno.test("an include without a slash means the name at any depth", () => {
  assert.equal(includePattern("*.ts").matches(names("d/e/a.ts")), true);
  assert.equal(includePattern("d/*.ts").matches(names("x/d/a.ts")), false);
});
