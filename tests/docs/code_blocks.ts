import type { Page } from "./pages.ts";

/** A fenced block of a page. */
export interface CodeBlock {
  /** `PAGE:LINE` of the fence. */
  readonly at: string;
  readonly language: string;
  /** Set where the fence says why the block is not run. */
  readonly noRun?: string;
  /** Whether the fence says that a command fails. */
  readonly fails: boolean;
  readonly text: string;
}

const FENCE = /^( *)```(.*)$/;

function blockOf(at: string, info: string, lines: readonly string[]): CodeBlock {
  const [language = "", ...rest] = info.trim().split(" ");
  const attributes = rest.join(" ");
  const noRun = /^no-run: *(.*)$/.exec(attributes)?.[1];
  if (attributes !== "" && attributes !== "fails" && noRun === undefined) {
    throw new Error(`Cannot read the fence at ${at}: wanted "fails" or "no-run: REASON" after the language`);
  }
  if (noRun !== undefined && noRun.length < 5) throw new Error(`Cannot leave out ${at}: no reason given`);
  const fails = attributes === "fails";
  return { at, language, fails, text: lines.join("\n"), ...(noRun === undefined ? {} : { noRun }) };
}

/**
 * Reads the fenced blocks of a page.
 *
 * @throws where a fence is not understood
 */
export function codeBlocks({ name, text }: Page): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { at: string; info: string; indent: number; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const fence = FENCE.exec(line);
    if (open === undefined) {
      const [, indent = "", info = ""] = fence ?? [];
      if (fence !== null) open = { at: `${name}:${index + 1}`, info, indent: indent.length, lines: [] };
    } else if (fence === null) {
      open.lines.push(line.slice(open.indent));
    } else {
      blocks.push(blockOf(open.at, open.info, open.lines));
      open = undefined;
    }
  }
  if (open !== undefined) throw new Error(`Cannot find the end of the block at ${open.at}`);
  return blocks;
}
