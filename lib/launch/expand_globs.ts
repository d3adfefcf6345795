import type { GlobStep } from "../paths/glob.ts";
import { kindOf, lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { FoundPath, GlobMatches } from "../plan/host_facts.ts";
import type { Watch } from "../plan/plan.ts";
import type { PathRule } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Some seconds of looking; a tree that is larger wants rules that name directories. */
const MOST_ENTRIES = 3_000_000;
// What readdir(3) of the runtime puts in the place of bytes that are not UTF-8.
const NOT_UTF8 = "\ufffd";

/** How far one pattern has been followed on the way to a directory: the steps that are still to match. */
interface Progress {
  readonly found: Found;
  readonly index: number;
}

interface Found {
  readonly rule: PathRule;
  readonly head: SafePath;
  readonly steps: readonly GlobStep[];
  readonly matches: FoundPath[];
  readonly contents: FoundPath[];
  readonly targets: FoundPath[];
}

function start(rule: PathRule): Found {
  const { real: head } = resolvePath(rule.path);
  return { rule, head, steps: rule.glob?.steps ?? [], matches: [], contents: [], targets: [] };
}

// `**` stands for no directory too.
function reach(progress: Progress): Progress[] {
  const { found, index } = progress;
  return found.steps[index] === "**" ? [progress, ...reach({ found, index: index + 1 })] : [progress];
}

/** One walk through the tree for all patterns. */
class Expansion {
  #entries = 0;

  constructor(private readonly found: readonly Found[]) {}

  run(): void {
    const heads = [...new Map(this.found.map(({ head }) => [head.toString(), head])).values()];
    for (const head of heads) {
      if (heads.some((other) => other.depth < head.depth && other.contains(head))) continue;
      if (lstat(head)?.isDirectory) this.#walk(head.toString(), []);
    }
  }

  #startingAt(directory: string): Progress[] {
    return this.found.filter(({ head }) => head.toString() === directory)
      .flatMap((found) => reach({ found, index: 0 }));
  }

  #leadsToHead(directory: string): boolean {
    return this.found.some(({ head }) => `${head}/`.startsWith(`${directory}/`));
  }

  #walk(directory: string, inherited: readonly Progress[]): void {
    const progress = [...inherited, ...this.#startingAt(directory)];
    for (const { found } of progress.filter(({ found, index }) => found.steps.length === index)) {
      if (found.rule.glob?.coversContents) found.contents.push(foundAt(directory, "directory"));
    }
    const open = progress.filter(({ found, index }) => index < found.steps.length);
    const entries = listing(directory);
    // What cannot be listed can hold whatever the pattern names: it is denied whole.
    if (entries === undefined && open.length > 0 && mayBeEntered(directory)) {
      for (const found of new Set(open.map((each) => each.found))) {
        found.contents.push(foundAt(directory, "directory"));
      }
    }
    for (const entry of entries ?? []) {
      if (++this.#entries > MOST_ENTRIES) throw this.#tooLarge(directory);
      this.#enter(directory === "/" ? `/${entry.name}` : `${directory}/${entry.name}`, entry, open);
    }
  }

  #enter(path: string, entry: Deno.DirEntry, open: readonly Progress[]): void {
    const next = open.flatMap(({ found, index }) => {
      const step = found.steps[index];
      if (step === "**") return reach({ found, index });
      return step?.test(entry.name) ? reach({ found, index: index + 1 }) : [];
    });
    const unique = next.filter((each, at) =>
      next.findIndex((other) => other.found === each.found && other.index === each.index) === at
    );
    const done = unique.filter(({ found, index }) =>
      index === found.steps.length && !found.rule.glob?.coversContents
    );
    for (const { found } of done) note(found, path, entry);
    if (!entry.isDirectory) return;
    const further = unique.filter(({ found }) => !done.some((each) => each.found === found));
    if (further.length > 0 || this.#leadsToHead(path)) this.#walk(path, further);
  }

  #tooLarge(directory: string): TomboloError {
    const { text, origin } = (this.found[0] as Found).rule;
    return new TomboloError(
      "policy",
      `Cannot expand ${quote(text)} (${origin}): more than ${MOST_ENTRIES} files, at ${quote(directory)}`,
      { remedy: "name the directories that hold what is to be denied" },
    );
  }
}

/** What stands in a directory; `undefined` where that is not told. */
function listing(directory: string): Deno.DirEntry[] | undefined {
  try {
    return [...Deno.readDirSync(directory)];
  } catch {
    return undefined;
  }
}

// Names that are known can be opened without a listing, and an owner can make it readable.
function mayBeEntered(directory: string): boolean {
  const info = lstat(directory);
  return info?.isDirectory === true && (((info.mode ?? 0) & 0o011) !== 0 || info.uid === Deno.uid());
}

function foundAt(path: string, kind: FoundPath["kind"]): FoundPath {
  return { path: SafePath.of(path), kind };
}

function note(found: Found, path: string, entry: Deno.DirEntry): void {
  const { rule: { text, origin } } = found;
  if (entry.name.includes(NOT_UTF8)) {
    throw new TomboloError(
      "policy",
      `Cannot deny ${quote(path)} (${quote(text)} of ${origin}): its name is not UTF-8`,
      {
        remedy: "deny the directory that holds it",
      },
    );
  }
  const kind = kindOf(entry);
  found.matches.push(foundAt(path, kind));
  if (kind !== "symlink") return;
  // What a link leads to is what its name denies.
  const target = resolvePath(SafePath.of(path));
  if (target.kind !== undefined) found.targets.push({ path: target.real, kind: target.kind });
}

/**
 * Finds what the patterns of deny rules match now, in one walk that follows no link.
 *
 * @param rules Deny rules; those without a pattern are passed over
 * @throws {TomboloError} where the tree is too large, or a name cannot be denied
 */
export function expandGlobs(rules: readonly PathRule[]): GlobMatches[] {
  const found = rules.filter(({ glob }) => glob !== undefined).map(start);
  new Expansion(found).run();
  return found.map(({ rule, matches, contents, targets }) => ({ rule, matches, contents, targets }));
}

/**
 * What patterns match now that they did not match before: links too, whose names could be meant.
 *
 * @param before What they matched at the start
 */
export function newMatches(before: readonly GlobMatches[]): Watch[] {
  return expandGlobs(before.map(({ rule }) => rule)).flatMap((now, index) => {
    const known = new Set(watched(before[index]));
    return watched(now).filter((path) => !known.has(path)).map((path) => ({ path, rule: now.rule }));
  });
}

// An empty directory holds nothing that could match.
function watched(found: GlobMatches | undefined): string[] {
  const filled = found?.contents.filter(({ path }) => listing(path.toString())?.length !== 0) ?? [];
  return [...found?.matches ?? [], ...filled].map(({ path }) => path.toString());
}
