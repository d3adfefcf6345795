import { join } from "node:path";

/** The checkout. */
export const ROOT: string = join(import.meta.dirname ?? ".", "..", "..");

/** A piece of code in a page or a doc comment. */
export interface Example {
  /** Where it stands: `FILE:LINE`, from the checkout. */
  readonly place: string;
  readonly code: string;
}

const FENCE = /^( *(?:\* )?)```ts\n([\s\S]*?)^ *(?:\* )?```$/gm;

/** The examples of a file that are marked `ts` and nothing else. */
export function examplesOf(file: string, text: string): Example[] {
  return [...text.matchAll(FENCE)].map(({ index, 1: prefix = "", 2: body = "" }) => ({
    place: `${file}:${text.slice(0, index).split("\n").length}`,
    code: body.split("\n")
      .map((line) => line.startsWith(prefix) ? line.slice(prefix.length) : line.replace(prefix.trimEnd(), ""))
      .join("\n"),
  }));
}

/** The lines that an example says it prints: those behind `console.log(...); //`. */
export function promisedOutput({ code }: Example): string[] {
  return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text = ""]) => text);
}
