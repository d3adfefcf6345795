import assert from "node:assert/strict";
import fc from "fast-check";
import { CheckedTree } from "../../lib/worker/checked_tree.ts";
import { findPaths } from "../../lib/worker/find_paths.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { pathDecider } from "../../lib/policy/decide_path.ts";
import { Box } from "../system/tombolo.ts";

function treeOf(box: Box): CheckedTree {
  const path = SafePath.of(box.work);
  const rule = { text: ".", origin: "test", path, optional: false };
  return new CheckedTree(path, pathDecider({ allow: [rule], deny: [] }, { allow: [rule], deny: [] }, []));
}

const PATHS = [
  "a.log",
  "keep.log",
  "a",
  "src/a.log",
  "src/a",
  "src/b/a",
  "src/b/c.txt",
  "build/out",
  "build/keep",
  "d/build/out",
  "x/y/z/deep",
  "x/y/a",
  "foo",
  "foo.d/bar",
  "foo.d/sub/bar",
  "#hash",
  "!bang",
  "trailing ",
  "we ird",
  "sub/foo",
  "sub/keep.log",
  "b[1]",
] as const; // deno-fmt-ignore

const SEGMENTS = fc.constantFrom(
  ...["a", "*.log", "src", "build", "b", "**", "*", "foo*", "x", "?", "[a-f]", "keep.log", "*a*", "y", "foo.d"],
);

/** Lines as people write them, and some as nobody should. */
const LINES = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(SEGMENTS, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...[
        "# comment",
        "",
        "\\#hash",
        "\\!bang",
        "trailing\\ ",
        "a   ",
        "/",
        "//",
        "!",
        "b\\[1\\]",
        "[",
        "a\\",
      ],
    ),
  },
);
const RULES = fc.tuple(fc.constantFrom("", "", "!", "/", "!/"), LINES, fc.constantFrom("", "", "/", "\r"))
  .map(
    (parts) => parts.join(""),
  );
const FILES = fc.record({
  ".gitignore": fc.array(RULES, { maxLength: 5 }),
  "src/.gitignore": fc.array(RULES, { maxLength: 3 }),
  ".git/info/exclude": fc.array(RULES, { maxLength: 2 }),
});

Deno.test("what searches leave out is what git leaves out", async () => {
  await using box = await Box.create();
  assert.equal((await box.host(["git", "init", "-q", "."])).code, 0);
  for (const path of PATHS) await box.write(`work/${path}`, "x");
  const tree = treeOf(box);
  const list = ["git", "ls-files", "--others", "--exclude-standard", "-z"];
  await fc.assert(
    fc.asyncProperty(FILES, async (files) => {
      for (const [name, lines] of Object.entries(files)) await box.write(`work/${name}`, lines.join("\n"));
      const { stdout } = await box.host(list);
      const wanted = stdout.split("\0").filter((path) => path !== "").sort();
      assert.deepEqual(findPaths(tree, "**").paths, wanted);
    }),
    { numRuns: 60 },
  );
});
