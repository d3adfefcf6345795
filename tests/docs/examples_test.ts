import assert from "node:assert/strict";
import { checkBlock } from "./check_block.ts";
import { type CodeBlock, codeBlocks } from "./code_blocks.ts";
import { ExampleWorld } from "./example_world.ts";
import { matchesShown } from "./matches_shown.ts";
import { pages } from "./pages.ts";

const AT_ONCE = 3;

function isRun({ language, noRun }: CodeBlock): boolean {
  return noRun === undefined && ["sh", "bash", "console"].includes(language);
}

/** What is wrong with the examples of a page, which run one after the other in one place. */
async function checkPage(blocks: readonly CodeBlock[]): Promise<string[]> {
  await using world = await ExampleWorld.create();
  const wrong: string[] = [];
  for (const block of blocks) {
    const failures = await checkBlock(block, world);
    wrong.push(...failures.map((failure) => `${block.at}: ${failure}`));
  }
  return wrong;
}

Deno.test("every example of README.md and docs does what is shown, or its fence says why it is not run", async () => {
  const waiting = pages().map((page) => codeBlocks(page).filter(isRun)).filter(({ length }) => length > 0);
  assert.ok(waiting.length > 0);
  const wrong: string[] = [];
  const lane = async () => {
    for (let blocks = waiting.shift(); blocks !== undefined; blocks = waiting.shift()) {
      wrong.push(...await checkPage(blocks));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  assert.equal(wrong.join("\n"), "", "docs/development.md says how examples are tested");
});

Deno.test("every block of a page is fenced and names its language", () => {
  for (const page of pages()) {
    for (const { at, language } of codeBlocks(page)) assert.notEqual(language, "", at);
    const outside = page.text.replaceAll(/^( *)```[^]*?^\1```$/gm, "```");
    assert.doesNotMatch(outside, /(?:^|\n)(?![ -])[^\n]*\n\n {4}\S/, `${page.name} has an indented block`);
  }
});

Deno.test("an example that does something else than is shown fails", async () => {
  await using world = await ExampleWorld.create();
  const block = (text: string, language = "console", fails = false) => ({ at: "x", language, fails, text });
  assert.deepEqual(await checkBlock(block("$ echo a\na"), world), []);
  assert.equal((await checkBlock(block("$ echo a\nb"), world)).length, 1);
  assert.equal((await checkBlock(block("$ false"), world)).length, 1);
  assert.deepEqual(await checkBlock(block("$ false\n$ echo $?\n1"), world), []);
  assert.equal((await checkBlock(block("$ false\n$ echo $?\n0"), world)).length, 1);
  assert.deepEqual(await checkBlock(block("$ false", "console", true), world), []);
  assert.equal((await checkBlock(block("false\ntrue", "sh"), world)).length, 1);
  assert.equal((await checkBlock(block("true", "sh", true), world)).length, 1);
  assert.deepEqual(await checkBlock(block("exit 1", "text"), world), []);
});

Deno.test("no example runs as root, nor gets there", async () => {
  await using world = await ExampleWorld.create();
  const [user, sudo, etc] = await world.session(["id -u", "sudo true", "touch /etc/tombolo-example"]);
  assert.match(user?.output ?? "", /^[1-9]\d*\n$/);
  assert.equal(sudo?.status, 1);
  assert.equal(etc?.status, 1);
});

Deno.test("three dots stand for anything in a line, and alone for any lines", () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["a\n", "a\n", true],
    ["a\n", "a", true],
    ["a ... c\n", "a b c\n", true],
    ["a ... c\n", "a b\nc\n", false],
    ["a\n...\nd\n", "a\nb\nc\nd\n", true],
    ["...\nd\n", "d\n", true],
    ["", "", true],
    ["", "a\n", false],
    ["a+\n", "aa\n", false],
  ];
  for (const [shown, output, matches] of rows) assert.equal(matchesShown(shown, output), matches, shown);
});
