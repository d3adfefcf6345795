import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

// A run of plain characters, an escaped one, or something in quotes; in double quotes only ", \\, $ and ` are escaped.
const PIECE = /[^\s\\'"]+|\\[^]|'([^']*)'|"((?:[^"\\]|\\[^])*)"/y;

/**
 * Splits a command line into words by the quoting rules of sh (POSIX.1-2017, Shell Command Language 2.2). Nothing is
 * expanded, and no shell runs.
 *
 * @param origin Where the text comes from, for messages
 * @throws {TomboloError} where a quote is left open
 */
export function splitWords(text: string, origin: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length;) {
    if (/\s/.test(text.charAt(at))) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at++;
      continue;
    }
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null) {
      throw new TomboloError(
        "usage",
        `Cannot split ${quote(text)} (${origin}) into words: a quote is left open`,
      );
    }
    const [piece, single, double] = match;
    const plain = single ?? double?.replace(/\\(["\\$`])/g, "$1") ?? piece.replace(/^\\/, "");
    word = (word ?? "") + plain;
    at = PIECE.lastIndex;
  }
  return word === undefined ? words : [...words, word];
}
