import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { SafePath } from "./safe_path.ts";

const MAGIC = /[*?[\]]/;

/** One component of a pattern: any number of directories, or names that match. */
export type GlobStep = "**" | RegExp;

/** Whether a path text holds a pattern. */
export function isGlob(text: string): boolean {
  return MAGIC.test(text);
}

/**
 * Parts a path text before its first component with a pattern.
 *
 * @returns The literal head, which may be empty, and the pattern
 */
export function splitGlob(text: string): { head: string; pattern: string } {
  const parts = text.split("/");
  const first = parts.findIndex(isGlob);
  const head = parts.slice(0, first).join("/");
  return { head: head === "" && first > 0 ? "/" : head, pattern: parts.slice(first).join("/") };
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.|+*?(){}[\]/]/g, "\\$&");
}

function characterClass(text: string, at: number): { source: string; end: number } {
  // A bracket right after the opening one, or after the negation, is meant literally (glob(7)).
  const negated = text[at + 1] === "!" || text[at + 1] === "^";
  const start = at + (negated ? 2 : 1);
  const end = text.indexOf("]", start + 1);
  if (end < 0) throw new SyntaxError("a bracket is not closed");
  const inner = text.slice(start, end);
  if (inner.includes("[:")) throw new SyntaxError("classes such as [:alpha:] are not known");
  const one = `(?!/)[${negated ? "^" : ""}${inner.replaceAll(/[\\^[\]]/g, "\\$&")}]`;
  // Names hold brackets too (`[id].ts`): who denies one by its name means that file.
  return { source: `(?:${one}|${literal(text.slice(at, end + 1))})`, end };
}

function stepSource(component: string): string {
  let source = "";
  for (let at = 0; at < component.length; at++) {
    const character = component[at] ?? "";
    if (character === "*") {
      while (component[at + 1] === "*") at++;
      source += "[^/]*";
    } else if (character === "?") source += "[^/]";
    else if (character === "[") {
      const found = characterClass(component, at);
      source += found.source;
      at = found.end;
    } else source += literal(character);
  }
  return source;
}

// `**` and `*` at the end cover whatever stands or will stand in what comes before them.
function coverAll(components: readonly string[]): number {
  let length = components.length;
  while (length > 0 && components[length - 1] === "**") length--;
  return length > 0 && components[length - 1] === "*" ? length - 1 : length;
}

/**
 * A pattern for names below a directory: `*` and `?` within one component, dot files included, `[...]`, and `**` for
 * any number of directories.
 */
export class Glob {
  /** What leads to a match, component by component; empty where everything below the head matches. */
  readonly steps: readonly GlobStep[];
  /** Whether all that may stand in the directories that `steps` lead to matches. */
  readonly coversContents: boolean;
  readonly #whole: RegExp;

  private constructor(readonly text: string, components: readonly string[]) {
    const sources = components.map((component) => component === "**" ? component : stepSource(component));
    const length = coverAll(components);
    this.coversContents = length < components.length;
    this.steps = sources.slice(0, length).map((source) =>
      source === "**" ? source : new RegExp(`^${source}$`, "su")
    );
    const body = sources.map((source, index) =>
      source !== "**" ? `${source}/` : index < sources.length - 1 ? "(?:[^/]+/)*" : "[^/]+/"
    );
    // What lies below a match is covered with it.
    this.#whole = new RegExp(`^${body.join("")}`, "su");
  }

  /**
   * Reads a pattern.
   *
   * @param pattern Components, the first of which holds a `*`, `?` or `[`
   * @throws {TomboloError} for `..`, `$`, and brackets that are not closed
   */
  static parse(pattern: string): Glob {
    const fail = (reason: string) =>
      new TomboloError("policy", `Cannot parse pattern ${quote(pattern)}: ${reason}`);
    const components = pattern.split("/").filter((part) => part !== "" && part !== ".");
    if (components.includes("..")) {
      throw fail('".." may only stand before the first component with a pattern');
    }
    if (pattern.includes("$")) {
      throw fail("variables may only stand before the first component with a pattern");
    }
    if (pattern.includes("\0")) throw fail("it holds a NUL character");
    try {
      return new Glob(pattern, components);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw fail(
        error.message.startsWith("Invalid regular") ? "a range in brackets is wrong" : error.message,
      );
    }
  }

  /**
   * Whether a path below `head` matches, or lies below what matches.
   *
   * @param head The directory that the pattern starts from
   */
  covers(head: SafePath, path: SafePath): boolean {
    if (!head.contains(path) || head.equals(path)) return false;
    const rest = path.toString().slice(head.depth === 0 ? 1 : head.toString().length + 1);
    return this.#whole.test(rest + "/");
  }

  toString(): string {
    return this.text;
  }

  toJSON(): string {
    return this.text;
  }
}
