import assert from "node:assert/strict";
import fc from "fast-check";
import { Glob } from "../../lib/paths/glob.ts";
import { globRest } from "../../lib/paths/glob_rest.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";

const names = fc.constantFrom("a", "b", "ab", "c.key");
const components = fc.constantFrom("*", "**", "?", "*.key", "[ab]", "a*", "a", "b");
const patterns = fc.array(components, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join("/")).filter((text) => /[*?[]/.test(text.split("/")[0] ?? ""));
const below = (head: SafePath, parts: readonly string[]) =>
  parts.length === 0 ? head : head.join(parts.join("/"));

Deno.test("below a directory that is not covered, the rests cover what the pattern covers", () => {
  const tails = fc.array(names, { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(patterns, fc.array(names, { minLength: 1, maxLength: 3 }), tails, (text, parts, tail) => {
      const head = SafePath.of("/head");
      const glob = Glob.parse(text);
      const directory = below(head, parts);
      fc.pre(!glob.covers(head, directory));
      const path = below(directory, tail);
      const covered = globRest(glob, head, directory).some((rest) =>
        rest.glob === undefined ? rest.path.contains(path) : rest.glob.covers(rest.path, path)
      );
      assert.equal(covered, glob.covers(head, path), `${text} at ${directory}, asked about ${path}`);
    }),
    { numRuns: 8000 },
  );
});

Deno.test("what is left of a pattern is a path where no component of it is one", () => {
  const [rest] = globRest(Glob.parse("*/secret"), SafePath.root, SafePath.of("/a"));
  assert.equal(rest?.path.toString(), "/a/secret");
  assert.equal(rest?.glob, undefined);
});
