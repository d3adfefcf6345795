import assert from "node:assert/strict";
import { join } from "node:path";
import { replaceBlock } from "../../bench/peers/replace_block.ts";

const root = join(import.meta.dirname ?? ".", "..", "..");
const page = await Deno.readTextFile(join(root, "docs", "performance.md"));
const block = page.split(/<!-- \/?bench:peers -->/)[1] ?? "";

/** The tables of the block: lines of cells. */
const tables = block.split(/\n\n+/).map((part) =>
  part.split("\n").filter((line) => line.startsWith("|")).map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
).filter((lines) => lines.length > 0);

Deno.test("the page has one block of measurements, which the benchmark can replace", () => {
  assert.equal(replaceBlock(page, "bench:peers", block), page);
});

Deno.test("the measurements name the command that makes them, and the page how to get there", async () => {
  assert.match(block, /`deno task bench:peers --write`/);
  const { tasks } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  assert.match(tasks["bench:peers"].command, /bench\/peers\.ts$/);
  assert.match(page, /\ndeno task bench:peers --write/);
});

Deno.test("two tables are there, with as many cells in each row as in the head", () => {
  assert.equal(tables.length, 2);
  for (const [head = [], rule = [], ...rows] of tables) {
    assert.ok(rows.length > 0 && rule.every((cell) => /^ ?:?-+:? ?$/.test(cell)));
    for (const row of rows) assert.equal(row.length, head.length, row[0]);
  }
});

Deno.test("no cell of the measurements is empty or not a number", () => {
  for (const [, , ...rows] of tables) {
    for (const cell of rows.flat()) assert.doesNotMatch(cell, /^\s*$|NaN|undefined|Infinity/);
  }
});

Deno.test("what was measured are the pinned versions", async () => {
  const pins = JSON.parse(await Deno.readTextFile(join(root, "bench", "peers", "npm", "package.json")));
  const { dependencies } = pins as { dependencies: Record<string, string> };
  assert.deepEqual(Object.keys(dependencies), ["@anthropic-ai/sandbox-runtime", "@openai/codex"]);
  for (const [name, version] of Object.entries(dependencies)) {
    assert.ok(block.includes(`${version} (npm \`${name}\`)`), name);
  }
});

Deno.test("the measurements name no path of a machine", () => {
  assert.doesNotMatch(block, /[\s("]\/(home|root|tmp|usr|var|work|Users)\b/);
});
