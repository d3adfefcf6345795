import assert from "node:assert/strict";
import { openTrees, type TreeNode } from "../../../lib/plan/landlock/open_trees.ts";

const TREE: Readonly<Record<string, readonly string[]>> = {
  "/": ["etc", "home", "usr"],
  "/home": ["me", "you"],
  "/home/me": [".ssh", "project", "notes"],
  "/home/me/.ssh": ["id", "known_hosts"],
  "/home/me/project": [".git", "src"],
  "/home/me/project/.git": ["HEAD", "config", "hooks", "objects"],
};

function opened(nodes: readonly (readonly [path: string, allowed: boolean])[]) {
  const list = nodes.map(([path, allowed]): TreeNode => ({ path, allowed }));
  return openTrees(list, (directory) => TREE[directory]);
}

Deno.test("a tree without anything denied in it is opened whole", () => {
  assert.deepEqual(opened([["/", true]]), { trees: ["/"], split: [] });
  assert.deepEqual(opened([["/usr", true], ["/home/me", true], ["/home/me/project", true]]), {
    trees: ["/usr", "/home/me"],
    split: [],
  });
});

Deno.test("what stands beside something denied is opened instead of what holds both", () => {
  assert.deepEqual(opened([["/", true], ["/home/me/.ssh", false]]), {
    trees: ["/etc", "/home/me/project", "/home/me/notes", "/home/you", "/usr"],
    split: ["/", "/home", "/home/me"],
  });
});

Deno.test("what is allowed in something denied is opened by itself", () => {
  const nodes = [["/home", true], ["/home/me/.ssh", false], ["/home/me/.ssh/known_hosts", true]] as const;
  assert.deepEqual(opened(nodes).trees, [
    "/home/me/project",
    "/home/me/notes",
    "/home/you",
    "/home/me/.ssh/known_hosts",
  ]);
});

Deno.test("what is absent or cannot be listed opens nothing", () => {
  assert.deepEqual(opened([["/srv", true], ["/srv/a/b", false]]), { trees: [], split: ["/srv"] });
});

Deno.test("nothing is opened where nothing is allowed", () => {
  assert.deepEqual(opened([["/", false], ["/home", false]]), { trees: [], split: [] });
});
