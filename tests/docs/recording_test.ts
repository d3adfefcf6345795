import assert from "node:assert/strict";
import { join } from "node:path";
import { asciicast, type Cast } from "../../bin/cast.ts";
import { drawCast } from "../../bin/draw_cast.ts";
import { screenLines } from "../../bin/screen_lines.ts";
import { ExampleWorld } from "./example_world.ts";

const DIRECTORY = join(import.meta.dirname ?? ".", "..", "..", "docs", "recording");
const PROMPT = "\x1b[32m$\x1b[0m ";

async function castOf(name: string): Promise<Cast> {
  const [head = "", ...lines] = (await Deno.readTextFile(join(DIRECTORY, `${name}.cast`))).trim().split("\n");
  const { width, height, title } = JSON.parse(head) as Cast;
  const events = lines.map((line) => JSON.parse(line) as [number, "o", string]);
  return { width, height, title, events: events.map(([at, , text]) => ({ at, text })) };
}

Deno.test("the recording in the README shows what its commands still print", async () => {
  const { events, width, height } = await castOf("first-run");
  const commands = (await Deno.readTextFile(join(DIRECTORY, "first-run.txt"))).trim().split("\n");
  await using world = await ExampleWorld.create();
  let shown = "";
  for (const command of commands) {
    const pieces = await world.terminal(command, width, height);
    shown += `${PROMPT}${command}\r\n${pieces.map(({ text }) => text).join("")}`;
  }
  assert.equal(events.map(({ text }) => text).join(""), shown + PROMPT, "run deno task record");
});

Deno.test("the picture of the recording is drawn from it", async () => {
  const cast = await castOf("first-run");
  const isDrawn = await Deno.readTextFile(join(DIRECTORY, "first-run.svg")) === drawCast(cast);
  assert.ok(isDrawn, "run deno task record");
  const isWritten = await Deno.readTextFile(join(DIRECTORY, "first-run.cast")) === asciicast(cast);
  assert.ok(isWritten, "run deno task record");
});

function cast(...texts: string[]): Cast {
  return { width: 4, height: 2, title: "a <b>", events: texts.map((text, at) => ({ at, text })) };
}

Deno.test("a recording is laid out in lines of the terminal's width, with its colours", () => {
  assert.deepEqual(screenLines(cast("\x1b[31mab\x1b[0m", "cdef\r\n", "g")), [
    [{ at: 0, column: 0, text: "ab", style: 31 }, { at: 1, column: 2, text: "cd", style: 0 }],
    [{ at: 1, column: 0, text: "ef", style: 0 }],
    [{ at: 2, column: 0, text: "g", style: 0 }],
  ]);
});

Deno.test("what cannot be drawn is refused", () => {
  assert.throws(() => screenLines(cast("\x1b[2J")), /Cannot lay out .*: wanted colours alone/);
  assert.throws(() => drawCast(cast("a\nb\nc\n")), /Cannot draw 3 lines: the terminal has 2/);
});

Deno.test("text that looks like markup stays text", () => {
  assert.match(drawCast(cast("<&>")), /<title>a &lt;b&gt;<\/title>[^]*>&lt;&amp;&gt;<\/text>/);
});
