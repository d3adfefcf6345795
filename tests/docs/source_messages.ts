import { join } from "node:path";

const LIB = join(import.meta.dirname ?? ".", "..", "..", "lib");
// Where the errors of the command line come from; what the gateway finds wrong with a client is said to the client.
const ROOMS = ["cli", "launch", "plan", "policy", "paths", "report"];
const START = /(?:new TomboloError\(\s*"[a-z-]+",|\busage\()\s*(["`])/g;

/** The literal that opens before `start`, with `X` for what is put in. */
function literal(source: string, start: number, quote: string): string {
  let text = "";
  for (let at = start; at < source.length && source[at] !== quote; at++) {
    if (source.startsWith("${", at)) {
      text += "X";
      let depth = 1;
      for (at += 2; depth > 0; at++) depth += source[at] === "{" ? 1 : source[at] === "}" ? -1 : 0;
      at--;
    } else {
      text += source[at];
    }
  }
  return text;
}

function sourceFiles(): string[] {
  return ROOMS.flatMap((room) =>
    Array.from(Deno.readDirSync(join(LIB, room)), ({ name }) => join(LIB, room, name))
  ).filter((path) => path.endsWith(".ts"));
}

/** The messages of errors that the command line ends with, as they stand in the sources, with `X` for what varies. */
export function sourceMessages(): string[] {
  return sourceFiles().flatMap((path) => {
    const source = Deno.readTextFileSync(path);
    return Array.from(
      source.matchAll(START),
      (match) => literal(source, match.index + match[0].length, match[1] ?? '"'),
    );
  })
    // What another error has said is passed on.
    .filter((text) => text !== "X" && text !== "X (X)");
}
