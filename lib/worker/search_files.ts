import type { CheckedTree } from "./checked_tree.ts";
import { AnswerBudget } from "./answer_budget.ts";
import { includePattern } from "./glob_pattern.ts";
import { DEFAULT_LIMIT, LONGEST_LINE, type Match, MAX_PAYLOAD } from "./protocol.ts";
import { readFully } from "./read_file.ts";
import { InvalidPatternError } from "./worker_error.ts";
import { type Found, walkTree } from "./walk_tree.ts";

/** What a search found. */
export interface FoundMatches {
  readonly matches: readonly Match[];
  /** Whether there is more, or a file was too large to look into. */
  readonly truncated: boolean;
}

// As git and grep tell: a NUL among the first bytes.
const BINARY_HEAD = 8000;
const FIRST_BUFFER = 256 * 1024;

/** What a regular expression says of a whole text and of one line. */
interface LineTest {
  /** Whether a line of a text could match. */
  readonly mayMatch: (text: string) => boolean;
  readonly matches: (line: string) => boolean;
}

// Without the flags u and v, under which the runtime cannot fall back to its engine that takes linear time.
function lineTest(pattern: string): LineTest {
  let line: RegExp;
  let whole: RegExp;
  try {
    line = new RegExp(pattern);
    whole = new RegExp(pattern, "m");
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /s, "") : String(error);
    throw new InvalidPatternError(`Cannot use regular expression ${JSON.stringify(pattern)}: ${reason}`);
  }
  // A negative look around may see the next line in the whole text.
  const exact = /\(\?<?!/.test(pattern);
  return { mayMatch: (text) => exact || whole.test(text), matches: (text) => line.test(text) };
}

/** Reads files into one buffer, which grows with the largest of them. */
class TextReader {
  #buffer = new Uint8Array(FIRST_BUFFER);
  readonly #decoder = new TextDecoder();

  /** The text of a file; `undefined` where it is binary, `large` where it is larger than a payload may be. */
  read(file: Deno.FsFile, size: number): string | undefined | "large" {
    const head = readFully(file, this.#buffer.subarray(0, Math.min(size, BINARY_HEAD)));
    if (head.includes(0)) return undefined;
    if (size > MAX_PAYLOAD) return "large";
    if (this.#buffer.length < size) {
      const larger = new Uint8Array(size * 2);
      larger.set(head);
      this.#buffer = larger;
    }
    const rest = readFully(file, this.#buffer.subarray(head.length, size));
    return this.#decoder.decode(this.#buffer.subarray(0, head.length + rest.length));
  }
}

/** One file as it was when it was searched. */
interface Searched {
  readonly lines: readonly { readonly line: number; readonly text: string }[];
  readonly large: boolean;
}

const NOTHING: Searched = { lines: [], large: false };

function linesIn(text: string, test: LineTest, most: number): Searched["lines"] {
  if (!test.mayMatch(text)) return [];
  const found: { line: number; text: string }[] = [];
  const lines = text.split("\n");
  // What is behind the last line end is no line.
  if (lines.at(-1) === "") lines.pop();
  for (const [index, raw] of lines.entries()) {
    const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (!test.matches(line)) continue;
    found.push({ line: index + 1, text: line.slice(0, LONGEST_LINE).toWellFormed() });
    if (found.length >= most) break;
  }
  return found;
}

function searchFile(
  tree: CheckedTree,
  { path }: Found,
  reader: TextReader,
  test: LineTest,
  most: number,
): Searched {
  try {
    using file = Deno.openSync(path.toString());
    const info = file.statSync();
    if (!info.isFile) return NOTHING;
    const text = reader.read(file, info.size);
    if (text === undefined) return NOTHING;
    if (text === "large") return { lines: [], large: true };
    const lines = linesIn(text, test, most);
    // Nothing is told of a file that is no longer the one at its path.
    if (lines.length > 0) tree.verify({ path, asked: tree.relative(path) }, info);
    return { lines, large: false };
  } catch {
    // Not to be read, gone, or swapped for something else: it has no lines to show.
    return NOTHING;
  }
}

/**
 * The lines of text files that a regular expression of JavaScript fits.
 *
 * @param options Where to look, a glob for the files, and how many lines at most
 * @throws {WorkerError} with the code that says why not
 */
export function searchFiles(
  tree: CheckedTree,
  pattern: string,
  options: { readonly root?: string; readonly include?: string; readonly limit?: number } = {},
): FoundMatches {
  const { root = ".", limit = DEFAULT_LIMIT } = options;
  const test = lineTest(pattern);
  const include = options.include === undefined ? undefined : includePattern(options.include);
  const start = tree.locate(root, true);
  const budget = new AnswerBudget();
  const reader = new TextReader();
  const matches: Match[] = [];
  let truncated = false;
  for (const found of start.info?.isFile ? [fileAlone(tree, root)] : walkDirectory(tree, root, include)) {
    if (!found.entry.isFile || include?.matches(found.names) === false) continue;
    const { lines, large } = searchFile(tree, found, reader, test, limit + 1 - matches.length);
    truncated ||= large;
    for (const { line, text } of lines) {
      const match = { path: tree.relative(found.path), line, text };
      if (matches.length >= limit || !budget.take(match)) return { matches, truncated: true };
      matches.push(match);
    }
  }
  return { matches, truncated };
}

function fileAlone(tree: CheckedTree, root: string): Found {
  const { path } = tree.locateFile(root);
  const entry = { name: path.name, isFile: true, isDirectory: false, isSymlink: false };
  return { path, names: [path.name], entry };
}

function walkDirectory(
  tree: CheckedTree,
  root: string,
  include: { reaches(directory: readonly string[]): boolean } | undefined,
): Generator<Found> {
  const { path } = tree.locateDirectory(root);
  return walkTree(tree, path, (names) => include?.reaches(names) ?? true);
}
