const LONGEST = 120;

/**
 * Makes a cell of why something was not measured.
 *
 * @param reason The message of a tool; may name paths of this machine
 * @returns `-` and the reason on one line, of bounded length, with `...` for every path
 */
export function reasonText(reason: string): string {
  const line = reason.replaceAll(/\s+/g, " ").trim().replace(/^(tombolo|Error): /, "").replaceAll(
    /(?<![\w.:/])\/[^\s"'`,;:)]+/g,
    "...",
  );
  return `- (${line.length > LONGEST ? `${line.slice(0, LONGEST - 3)}...` : line})`;
}
