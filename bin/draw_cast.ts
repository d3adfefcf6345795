import type { Cast } from "./cast.ts";
import { screenLines, type Span } from "./screen_lines.ts";

const CHARACTER = 8.4;
const LINE = 20;
const MARGIN = 16;
const BAR = 30;
const COLOURS: Readonly<Record<number, string>> = {
  31: "#ff7b72",
  32: "#3fb950",
  33: "#e3b341",
  34: "#79c0ff",
  36: "#39c5cf",
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A piece of text that is shown from its time on. */
function drawn(span: Span, row: number): string {
  const x = (MARGIN + span.column * CHARACTER).toFixed(1);
  const y = BAR + MARGIN + row * LINE;
  const colour = COLOURS[span.style];
  const style = `animation-delay:${span.at.toFixed(2)}s${colour === undefined ? "" : `;fill:${colour}`}`;
  // The width of letters varies between the fonts of readers.
  const spaced = escaped(span.text).replaceAll(" ", "&#160;");
  const length = (span.text.length * CHARACTER).toFixed(1);
  return `<text x="${x}" y="${y}" textLength="${length}" style="${style}">${spaced}</text>`;
}

/**
 * Draws a recording as an animated picture: what the terminal showed appears when it did, and stays. Readers who want no
 * motion see the end.
 *
 * @throws where it does not fit the height of the terminal
 */
export function drawCast(cast: Cast): string {
  const lines = screenLines(cast);
  if (lines.length > cast.height) {
    throw new Error(`Cannot draw ${lines.length} lines: the terminal has ${cast.height}`);
  }
  const width = Math.ceil(cast.width * CHARACTER + 2 * MARGIN);
  const height = BAR + 2 * MARGIN + lines.length * LINE - LINE / 2;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map((fill, index) =>
    `<circle cx="${20 + index * 20}" cy="18" r="6" fill="${fill}"/>`
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(cast.title)}</title>`,
    "<!-- Made by: deno task record -->",
    `<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; animation: show 1ms both; }
@keyframes show { from { visibility: hidden; } to { visibility: visible; } }
@media (prefers-reduced-motion: reduce) { text { animation: none; } }
</style>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#0d1117" stroke="#6e7681"/>`,
    ...dots,
    ...lines.flatMap((spans, row) => spans.map((span) => drawn(span, row))),
    "</svg>",
    "",
  ].join("\n");
}
