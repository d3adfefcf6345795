// C0 and C1 controls, DEL, the line separators, and the marks that reorder or hide text
// (Unicode bidirectional controls, zero-width characters; CVE-2021-42574).
const UNSAFE =
  // deno-lint-ignore no-control-regex
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]|[\u{e0000}-\u{e007f}]/gu;

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x100) return "\\x" + code.toString(16).padStart(2, "0");
  return "\\u{" + code.toString(16) + "}";
}

/**
 * Makes text that came from inside the sandbox, or from a file, safe to show on a terminal.
 *
 * @param text What may hold control, bidirectional or invisible characters
 * @returns The text with each such character written as `\xNN` or `\u{N}`
 */
export function escape(text: string): string {
  return text.replace(UNSAFE, escapeCharacter);
}

/**
 * As `JSON.stringify`, with every unsafe character as a JSON escape, so that the text can go to a terminal.
 *
 * @param value What JSON can hold
 */
export function escapedJson(value: unknown): string {
  const unit = (code: string) => "\\u" + code.charCodeAt(0).toString(16).padStart(4, "0");
  return JSON.stringify(value).replace(UNSAFE, (character) => character.split("").map(unit).join(""));
}

/** As {@linkcode escape}, in double quotes, with inner quotes and backslashes escaped too. */
export function quote(text: string): string {
  return '"' + escape(text.replace(/[\\"]/g, "\\$&")) + '"';
}
