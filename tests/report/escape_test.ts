import assert from "node:assert/strict";
import fc from "fast-check";
import { escape, quote } from "../../lib/report/escape.ts";

// Controls, separators, lone surrogates, and what reorders or hides text (Unicode property Bidi_Control and friends).
const DANGEROUS =
  /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b-\u200f\u2060-\u206f\ufeff\u00ad]|[\u{e0000}-\u{e007f}]/u;

const anyText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
  fc.array(
    fc.constantFrom("a", "\x1b", "\u202e", "\ud800", "\udc00", "\\", '"', "\n", "\u{e0041}", "\u{1f600}"),
  ).map((parts) => parts.join("")),
);

Deno.test("ordinary text is left alone", () => {
  for (const text of ["", "abc", "\u00e9\u4e2d\u{1f600}", "a/b c", "\\x1b", "100%", "\u05d0"]) {
    assert.equal(escape(text), text);
  }
});

Deno.test("every control character is shown by its number", () => {
  for (let code = 0; code < 0xa0; code++) {
    if (code >= 0x20 && code < 0x7f) continue;
    assert.equal(escape(String.fromCharCode(code)), "\\x" + code.toString(16).padStart(2, "0"));
  }
  assert.equal(escape("a\x1b[31mb\r\n"), "a\\x1b[31mb\\x0d\\x0a");
});

Deno.test("what reorders or hides text is shown by its number", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["\u202e", "\\u{202e}"],
    ["\u2066", "\\u{2066}"],
    ["\u2069", "\\u{2069}"],
    ["\u200b", "\\u{200b}"],
    ["\u200f", "\\u{200f}"],
    ["\u061c", "\\u{61c}"],
    ["\u2028", "\\u{2028}"],
    ["\u2029", "\\u{2029}"],
    ["\u00ad", "\\xad"],
    ["\ufeff", "\\u{feff}"],
    ["\u{e0041}", "\\u{e0041}"],
  ];
  for (const [text, wanted] of rows) assert.equal(escape(`x${text}y`), `x${wanted}y`);
});

Deno.test("half a surrogate pair is shown by its number, a whole one is left alone", () => {
  assert.equal(escape("\ud83d"), "\\u{d83d}");
  assert.equal(escape("\ude00\ud83d"), "\\u{de00}\\u{d83d}");
  assert.equal(escape("\ud83d\ude00"), "\ud83d\ude00");
});

Deno.test("a quoted text shows where it ends", () => {
  assert.equal(quote("a b"), '"a b"');
  assert.equal(quote('a"b\\c'), '"a\\"b\\\\c"');
  assert.equal(quote("\n"), '"\\x0a"');
  assert.equal(quote(""), '""');
});

Deno.test("whatever the text, nothing dangerous is left, and escaping again changes nothing", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const escaped = escape(text);
      assert.doesNotMatch(escaped, DANGEROUS);
      assert.ok(escaped.isWellFormed());
      assert.equal(escape(escaped), escaped);
      assert.doesNotMatch(quote(text), DANGEROUS);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("the only bare quotes of a quoted text are its ends", () => {
  fc.assert(fc.property(anyText, (text) => {
    const inside = quote(text).slice(1, -1).replace(/\\./gu, "");
    assert.ok(!inside.includes('"'));
    assert.match(quote(text), /^"[^]*"$/);
  }));
});
