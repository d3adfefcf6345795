/**
 * Runs the commands of docs/recording/NAME.txt in a terminal, in the project that the examples of the pages run in, and writes
 * what it showed: NAME.cast (asciicast) and NAME.svg. Typing is made up, all else is as it came.
 *
 *     deno task record
 */
import { join } from "node:path";
import { ExampleWorld } from "../tests/docs/example_world.ts";
import { TOMBOLO } from "../tests/system/tombolo.ts";
import { asciicast, type CastEvent } from "./cast.ts";
import { drawCast } from "./draw_cast.ts";

const DIRECTORY = join(import.meta.dirname ?? ".", "..", "docs", "recording");
const WIDTH = 100;
const HEIGHT = 24;
const TYPING_S = 0.04;
const PAUSE_S = 0.8;

async function record(name: string, world: ExampleWorld): Promise<void> {
  const events: CastEvent[] = [];
  let now = 0;
  const show = (text: string, after: number) => {
    now = Number((now + after).toFixed(3));
    events.push({ at: now, text });
  };
  const script = await Deno.readTextFile(join(DIRECTORY, `${name}.txt`));
  for (const command of script.split("\n").filter((line) => line !== "")) {
    show("\x1b[32m$\x1b[0m ", 0);
    now += PAUSE_S / 2;
    for (const letter of command) show(letter, TYPING_S);
    show("\r\n", PAUSE_S / 2);
    for (const { text, after } of await world.terminal(command, WIDTH, HEIGHT)) show(text, after);
    now += PAUSE_S;
  }
  show("\x1b[32m$\x1b[0m ", 0);
  const cast = { width: WIDTH, height: HEIGHT, title: `tombolo: ${name}`, events };
  await Deno.writeTextFile(join(DIRECTORY, `${name}.cast`), asciicast(cast));
  await Deno.writeTextFile(join(DIRECTORY, `${name}.svg`), drawCast(cast));
}

// The project's user is another one, who cannot set up what has changed since the last start.
await new Deno.Command(TOMBOLO, { args: ["--version"], stdout: "null" }).output();
for (const { name } of Deno.readDirSync(DIRECTORY)) {
  if (!name.endsWith(".txt")) continue;
  await using world = await ExampleWorld.create();
  await record(name.slice(0, -".txt".length), world);
}
