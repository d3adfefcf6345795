import assert from "node:assert/strict";
import { splitWords } from "../../lib/cli/split_words.ts";

Deno.test("a command line is split as sh splits it, without expanding anything", () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ["", []],
    ["  mitmdump  -p {port}\t", ["mitmdump", "-p", "{port}"]],
    [`sh -c 'a "b" $HOME'`, ["sh", "-c", 'a "b" $HOME']],
    [`"two words" x"y z"w`, ["two words", "xy zw"]],
    [String.raw`a\ b "c\"d\e" '\'`, ["a b", String.raw`c"d\e`, "\\"]],
    [`'' ""`, ["", ""]],
  ];
  for (const [text, words] of cases) assert.deepEqual(splitWords(text, "--flag"), words, text);
});

Deno.test("an open quote is an error that shows the text and where it comes from", () => {
  for (const text of ["'a", 'a "b', "a\\"]) {
    assert.throws(
      () => splitWords(text, "--flag"),
      /Cannot split ".*" \(--flag\) into words: a quote is left open/,
      text,
    );
  }
});
