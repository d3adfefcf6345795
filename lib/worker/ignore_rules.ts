import { type PathPattern, pathPattern } from "./path_pattern.ts";

/** One line of a .gitignore. */
interface IgnoreRule {
  readonly pattern: PathPattern;
  readonly negated: boolean;
  readonly directoriesOnly: boolean;
}

// A backslash keeps a space at the end; without one it means nothing (gitignore(5)).
function trimEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === " ") {
    let backslashes = 0;
    while (line[end - 2 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 1) break;
    end--;
  }
  return line.slice(0, end);
}

function readRule(raw: string): IgnoreRule | undefined {
  let text = trimEnd(raw.endsWith("\r") ? raw.slice(0, -1) : raw);
  if (text === "" || text.startsWith("#")) return undefined;
  const negated = text.startsWith("!");
  if (negated) text = text.slice(1);
  const directoriesOnly = text.endsWith("/");
  if (directoriesOnly) text = text.slice(0, -1);
  const anchored = text.includes("/");
  const segments = (text.startsWith("/") ? text.slice(1) : text).split("/");
  // An empty name between slashes fits nothing.
  if (segments.includes("")) return undefined;
  const pattern = pathPattern(anchored ? segments : ["**", ...segments]);
  return pattern === undefined ? undefined : { pattern, negated, directoriesOnly };
}

/** The rules of one .gitignore, as git reads it. */
export class IgnoreRules {
  readonly #rules: readonly IgnoreRule[];

  constructor(text: string) {
    const lines = text.replace(/^\ufeff/, "").split("\n");
    this.#rules = lines.flatMap((line) => readRule(line) ?? []).reverse();
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * Whether a path is left out; `undefined` where no rule speaks of it.
   *
   * @param names Components below the directory of the file
   */
  ignores(names: readonly string[], isDirectory: boolean): boolean | undefined {
    const rule = this.#rules.find(({ pattern, directoriesOnly }) =>
      (isDirectory || !directoriesOnly) && pattern.matches(names)
    );
    return rule === undefined ? undefined : !rule.negated;
  }
}

/** What the files of all directories from the root down to one say; the deepest that speaks decides. */
export class IgnoreChain {
  private constructor(
    private readonly above: IgnoreChain | undefined,
    private readonly depth: number,
    private readonly rules: IgnoreRules,
  ) {}

  /** @param depth How many components the directory of the rules has */
  static add(above: IgnoreChain | undefined, depth: number, rules: IgnoreRules): IgnoreChain | undefined {
    return rules.isEmpty ? above : new IgnoreChain(above, depth, rules);
  }

  /** @param names Components below the root */
  ignores(names: readonly string[], isDirectory: boolean): boolean {
    return this.rules.ignores(names.slice(this.depth), isDirectory) ??
      this.above?.ignores(names, isDirectory) ?? false;
  }
}
