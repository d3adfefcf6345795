import { type PathPattern, pathPattern } from "./path_pattern.ts";
import { InvalidPatternError } from "./worker_error.ts";

const MOST_ALTERNATIVES = 256;

function invalid(pattern: string, reason: string): InvalidPatternError {
  return new InvalidPatternError(`Cannot use glob ${JSON.stringify(pattern)}: ${reason}`);
}

/** The end of a brace group and its commas, by offset; `undefined` where it does not close. */
function groupFrom(text: string, open: number): { end: number; commas: number[] } | undefined {
  const commas: number[] = [];
  let depth = 0;
  for (let at = open + 1; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "{") depth++;
    else if (character === "," && depth === 0) commas.push(at);
    else if (character === "}" && depth-- === 0) return { end: at, commas };
  }
  return undefined;
}

// `{a,b}` as a shell expands it; one alternative alone is no group.
function expandBraces(pattern: string): string[] {
  const done: string[] = [];
  const todo = [pattern];
  for (let text = todo.pop(); text !== undefined; text = todo.pop()) {
    let group: ReturnType<typeof groupFrom>;
    let open = -1;
    for (let at = 0; at < text.length && group === undefined; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "{") {
        const found = groupFrom(text, at);
        if (found !== undefined && found.commas.length > 0) [group, open] = [found, at];
      }
    }
    if (group === undefined) {
      done.push(text);
    } else {
      const borders = [open, ...group.commas, group.end];
      const [head, tail] = [text.slice(0, open), text.slice(group.end + 1)];
      for (let index = 0; index + 1 < borders.length; index++) {
        todo.push(head + text.slice((borders[index] ?? 0) + 1, borders[index + 1]) + tail);
      }
    }
    if (done.length + todo.length > MOST_ALTERNATIVES) {
      throw invalid(pattern, `it has more than ${MOST_ALTERNATIVES} alternatives`);
    }
  }
  return done;
}

/** A glob, ready to be asked. */
export interface GlobPattern extends PathPattern {
  /** Whether it asks for directories, with a slash at its end. */
  readonly wantsDirectories: boolean;
}

/**
 * Reads a glob: `*` and `?` within one name, `**` over any number of them, `[...]`, `{a,b}`, and `\` before what is meant
 * literally.
 *
 * @throws {InvalidPatternError} where it is malformed, or leads upwards
 */
export function globPattern(text: string): GlobPattern {
  if (text === "" || text.includes("\0")) throw invalid(text, "it is empty or holds a NUL character");
  if (text.startsWith("/")) throw invalid(text, "it starts with a slash; name the directory as root");
  const patterns = expandBraces(text).map((each) => {
    const segments = each.split("/").filter((segment) => segment !== "" && segment !== ".");
    if (segments.includes("..")) throw invalid(text, "it leads upwards; name the directory as root");
    const pattern = pathPattern(segments);
    if (pattern === undefined) throw invalid(text, "a bracket or a backslash stands alone");
    return pattern;
  });
  return {
    wantsDirectories: text.endsWith("/"),
    matches: (names) => patterns.some((pattern) => pattern.matches(names)),
    reaches: (directory) => patterns.some((pattern) => pattern.reaches(directory)),
  };
}

/**
 * Reads the glob that `grep` chooses files with: one without a slash means the name alone, at any depth.
 *
 * @throws {InvalidPatternError} where it is malformed
 */
export function includePattern(text: string): GlobPattern {
  return globPattern(text.includes("/") ? text : `**/${text}`);
}
