import assert from "node:assert/strict";
import fc from "fast-check";
import { Glob } from "../../lib/paths/glob.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { decidePath, pathDecider } from "../../lib/policy/decide_path.ts";
import { intersectPaths, type PathLayer } from "../../lib/policy/intersect_paths.ts";
import type { PathRule } from "../../lib/policy/policy.ts";

const names = fc.constantFrom("a", "b", "c.key");
const paths = fc.array(names, { maxLength: 5 }).map((parts) => SafePath.of("/" + parts.join("/")));
const patterns = fc.constantFrom(
  "*",
  "**",
  "*.key",
  "**/*.key",
  "**/b",
  "*/b",
  "[ab]/c.key",
  "?",
  "**/a/*/b",
);

function rule(path: SafePath, glob?: string): PathRule {
  const text = glob === undefined ? path.toString() : `${path}/${glob}`;
  return { text, origin: "test", path, optional: false, ...(glob && { glob: Glob.parse(glob) }) };
}

const literalRules = fc.array(paths.map((path) => rule(path)), { maxLength: 4 });
const denyRules = fc.array(
  fc.oneof(
    { arbitrary: paths.map((path) => rule(path)), weight: 2 },
    fc.tuple(paths, patterns).map(([path, glob]) => rule(path, glob)),
  ),
  { maxLength: 4 },
);
const rules = fc.record({ allow: literalRules, deny: denyRules });
const layers: fc.Arbitrary<PathLayer> = fc.record({ read: rules, write: rules });

function allows({ read, write }: PathLayer, access: "read" | "write", path: SafePath): boolean {
  return decidePath(pathDecider(read, write, []), access, path).allowed;
}

const layer = (
  readAllow: readonly string[],
  readDeny: readonly string[] = [],
  write: PathLayer["write"] = { allow: [], deny: [] },
): PathLayer => ({
  read: {
    allow: readAllow.map((path) => rule(SafePath.of(path))),
    deny: readDeny.map((path) => rule(SafePath.of(path))),
  },
  write,
});

Deno.test("what is allowed by the result is allowed by both, whatever the rules", () => {
  fc.assert(
    fc.property(layers, layers, paths, fc.constantFrom("read", "write"), (parent, child, path, access) => {
      const both = intersectPaths(parent, child);
      if (!allows(both, access, path)) return;
      assert.ok(allows(parent, access, path), `${access} ${path} is denied by the parent`);
      assert.ok(allows(child, access, path), `${access} ${path} is denied by the child`);
    }),
    { numRuns: 8000 },
  );
});

Deno.test("without patterns the result allows everything that both allow", () => {
  const plain = fc.record({ allow: literalRules, deny: literalRules });
  const plainLayers: fc.Arbitrary<PathLayer> = fc.record({ read: plain, write: plain });
  fc.assert(
    fc.property(
      plainLayers,
      plainLayers,
      paths,
      fc.constantFrom("read", "write"),
      (one, other, path, access) => {
        const expected = allows(one, access, path) && allows(other, access, path);
        assert.equal(allows(intersectPaths(one, other), access, path), expected, `${access} ${path}`);
      },
    ),
    { numRuns: 5000 },
  );
});

Deno.test("three policies allow no more than each of them", () => {
  fc.assert(
    fc.property(layers, layers, layers, paths, (one, two, three, path) => {
      const all = intersectPaths(intersectPaths(one, two), three);
      if (!allows(all, "write", path)) return;
      for (const each of [one, two, three]) assert.ok(allows(each, "write", path));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("a child opens nothing in what its parent denies", () => {
  const both = intersectPaths(layer(["/"], ["/home/x"]), layer(["/home/x/y"]));
  assert.equal(allows(both, "read", SafePath.of("/home/x/y")), false);
  assert.equal(allows(both, "read", SafePath.of("/home/x/y/z")), false);
});

Deno.test("what a parent opens in its own deny stays open only where the child opens it too", () => {
  const parent = layer(["/", "/home/x/y"], ["/home/x"]);
  const path = SafePath.of("/home/x/y/z");
  assert.equal(allows(intersectPaths(parent, layer(["/"])), "read", path), true);
  assert.equal(allows(intersectPaths(parent, layer(["/home/x/y"])), "read", path), true);
  assert.equal(allows(intersectPaths(parent, layer(["/home/z"])), "read", path), false);
});

Deno.test("a pattern of the parent holds below a deeper path that only the child names", () => {
  const parent: PathLayer = {
    read: { allow: [rule(SafePath.root)], deny: [rule(SafePath.of("/work"), "**/*.key")] },
    write: { allow: [], deny: [] },
  };
  const both = intersectPaths(parent, layer(["/work/a/b/c"]));
  assert.equal(allows(both, "read", SafePath.of("/work/a/b/c/plain")), true);
  assert.equal(allows(both, "read", SafePath.of("/work/a/b/c/one.key")), false);
  assert.equal(allows(both, "read", SafePath.of("/work/a/b/c/d/e/two.key")), false);
});
