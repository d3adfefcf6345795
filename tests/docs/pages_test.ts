import assert from "node:assert/strict";
import { dirname, join, normalize } from "node:path";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { pages } from "./pages.ts";
import { sourceMessages } from "./source_messages.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");
const ALL = pages();

function pageOf(name: string): string {
  return ALL.find((page) => page.name === name)?.text ?? assert.fail(`no page ${name}`);
}

/** The anchor that a heading gets. */
function anchorOf(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(/\s/g, "-");
}

function anchors(text: string): Set<string> {
  const plain = text.replaceAll(/^```[^]*?^```$/gm, "");
  return new Set(Array.from(plain.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => anchorOf(heading)));
}

Deno.test("every flag and every command is on some page", () => {
  const text = ALL.map((page) => page.text).join("\n");
  for (const { name, flags } of COMMANDS) {
    assert.match(text, new RegExp(`tombolo ${name}\\b`), name);
    for (const flag of flags) assert.match(text, new RegExp(`--${flag.name}(?![\\w-])`), `--${flag.name}`);
  }
});

Deno.test("every link of a page leads to a file and a heading that are there", async () => {
  for (const { name, text } of ALL) {
    for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)|<img src="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(target) || target === "") continue;
      const [path = "", anchor] = target.split("#");
      const file = path === "" ? name : normalize(join(dirname(name), path));
      const found = await Deno.readTextFile(join(ROOT, file)).catch(() => assert.fail(`${name}: ${target}`));
      if (anchor !== undefined) assert.ok(anchors(found).has(anchor), `${name}: ${target}`);
    }
  }
});

Deno.test("docs/README.md leads to every page", () => {
  const index = pageOf("docs/README.md");
  for (const { name } of ALL) {
    const file = name.slice("docs/".length);
    if (name.startsWith("docs/") && file !== "README.md") assert.ok(index.includes(`](${file})`), name);
  }
});

/** The messages that docs/troubleshooting.md explains by name: `...` stands for what varies. */
function explained(): string[] {
  const section = pageOf("docs/troubleshooting.md").split("\n## By message\n")[1]?.split("\n## ")[0] ?? "";
  return Array.from(section.matchAll(/^\| `([^`]+)`/gm), ([, message = ""]) => message);
}

function patternOf(message: string): RegExp {
  const escaped = message.split("...").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`, "s");
}

Deno.test("docs/troubleshooting.md explains every message that the command line fails with", () => {
  const patterns = explained().map(patternOf);
  const messages = sourceMessages();
  assert.ok(messages.length > 100, `only ${messages.length} messages found in the sources`);
  const missing = messages.filter((message) => !patterns.some((pattern) => pattern.test(message)));
  assert.deepEqual(missing, [], "add a row to By message");
});

Deno.test("docs/troubleshooting.md explains no message that there is not", () => {
  const messages = sourceMessages();
  const foreign = explained().filter((message) => !messages.some((text) => patternOf(message).test(text)));
  assert.deepEqual(foreign, [], "remove these rows of By message");
});
