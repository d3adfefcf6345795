import type { Cast } from "./cast.ts";

/** A piece of a line that appeared at once, in one colour. */
export interface Span {
  readonly at: number;
  readonly column: number;
  readonly text: string;
  /** An SGR code of a colour or of bold text; 0 for none. */
  readonly style: number;
}

// deno-lint-ignore no-control-regex
const PIECE = /\x1b\[([\d;]*)m|\r?\n|\r|[^\x1b\r\n]+|\x1b/g;

/**
 * Lays a recording out in lines, as a terminal of its width does: text, line ends and colours.
 *
 * @throws where it holds another escape sequence
 */
export function screenLines({ width, events }: Cast): Span[][] {
  const lines: Span[][] = [[]];
  let column = 0;
  let style = 0;
  for (const { at, text } of events) {
    for (const [piece, codes] of text.matchAll(PIECE)) {
      if (codes !== undefined) {
        style = Number(codes.split(";").at(-1) || 0);
      } else if (piece.endsWith("\n")) {
        lines.push([]);
        column = 0;
      } else if (piece === "\r") {
        column = 0;
      } else if (piece === "\x1b") {
        throw new Error(`Cannot lay out ${JSON.stringify(text)}: wanted colours alone`);
      } else {
        for (let rest = piece; rest !== "";) {
          if (column === width) {
            lines.push([]);
            column = 0;
          }
          const fits = rest.slice(0, width - column);
          lines.at(-1)?.push({ at, column, text: fits, style });
          column += fits.length;
          rest = rest.slice(fits.length);
        }
      }
    }
  }
  if (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}
