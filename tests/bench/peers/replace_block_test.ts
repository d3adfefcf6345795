import assert from "node:assert/strict";
import { replaceBlock } from "../../../bench/peers/replace_block.ts";

const page = "before\n<!-- x -->\n\nold\n\n<!-- /x -->\nafter <!-- y --><!-- /y -->\n";

Deno.test("only what stands between the markers is replaced", () => {
  assert.equal(
    replaceBlock(page, "x", "\nnew $& $1\n"),
    "before\n<!-- x -->\n\nnew $& $1\n\n<!-- /x -->\nafter <!-- y --><!-- /y -->\n",
  );
});

Deno.test("replacing twice is the same as replacing once", () => {
  const once = replaceBlock(page, "x", "new");
  assert.equal(replaceBlock(once, "x", "new"), once);
});

const broken = {
  "no markers": "before",
  "no end": "<!-- x -->",
  "no begin": "<!-- /x -->",
  "the end first": "<!-- /x --><!-- x -->",
  "two blocks": page + page,
  "two ends": `${page}<!-- /x -->`,
};

for (const [what, text] of Object.entries(broken)) {
  Deno.test(`a page with ${what} is refused`, () => {
    assert.throws(() => replaceBlock(text, "x", "new"), /Cannot replace the block "x": .* markers/);
  });
}
