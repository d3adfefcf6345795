import assert from "node:assert/strict";
import { join } from "node:path";
import { manPage } from "../../bin/man_page.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";

const PAGE = join(import.meta.dirname ?? ".", "..", "..", "docs", "tombolo.1");
// How a terminal of old shows bold text: each letter, a backspace, the letter again.
const OVERSTRUCK = new RegExp(`.${String.fromCharCode(8)}`, "g");

async function output(command: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(command, { args }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("docs/tombolo.1 is what deno task man writes", async () => {
  assert.equal(await Deno.readTextFile(PAGE), manPage(), "run deno task man");
});

Deno.test("mandoc and groff have nothing to say against the manual page", async () => {
  assert.equal(await output("mandoc", "-T", "lint", "-W", "warning", PAGE), "");
  const { stderr } = await new Deno.Command("groff", { args: ["-ww", "-man", "-T", "utf8", PAGE] }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
});

Deno.test("the rendered page has every section, command and flag", async () => {
  const text = (await output("mandoc", "-T", "ascii", "-O", "width=400", PAGE)).replaceAll(OVERSTRUCK, "");
  const sections = Array.from(text.matchAll(/^[A-Z][A-Z ]+$/gm), ([line]) => line);
  assert.deepEqual(sections, [
    "NAME",
    "SYNOPSIS",
    "DESCRIPTION",
    "COMMANDS",
    "OPTIONS",
    "EXIT STATUS",
    "SIGNALS",
    "FILES",
    "ENVIRONMENT",
    "EXAMPLES",
    "SEE ALSO",
  ]);
  for (const { name, forms, flags } of COMMANDS) {
    for (const form of forms) assert.ok(text.includes(`tombolo ${name} ${form}`), `${name} ${form}`);
    for (const flag of flags) {
      assert.ok(new RegExp(`--${flag.name}\\b`).test(text), `${name} --${flag.name}`);
    }
  }
});
