import { readSmallFile } from "../paths/read_small_file.ts";
import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { ConfiguredPath, GitPlace } from "../policy/protections.ts";
import { quote } from "../report/escape.ts";

/** What is looked at for what git's configuration names. */
export interface ConfiguredRequest {
  readonly places: readonly GitPlace[];
  /** Real paths of the writable directories. */
  readonly roots: readonly SafePath[];
  readonly home: SafePath | undefined;
}

/** What git's configuration has the host run, or read for commands, below a writable directory. */
export interface ConfiguredPaths {
  readonly paths: readonly ConfiguredPath[];
  readonly notices: readonly string[];
}

interface Named {
  readonly key: string;
  readonly value: string;
  /** The directory of the file that says so. */
  readonly base: string;
}

const MOST_INCLUDES = 10;
// Most configurations name nothing of the kind, and are not looked at any closer.
const TELLING = /hookspath|fsmonitor|include/i;
const INCLUDE = /^include(?:if)?\.path$/;
const REASONS: Readonly<Record<string, string>> = {
  "core.hookspath": "git runs the hooks in it (core.hooksPath)",
  "core.fsmonitor": "git runs it (core.fsmonitor)",
};

function plainValue(text: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(text)?.[1];
  return quoted?.replaceAll(/\\(.)/g, "$1") ?? text.replace(/\s*[#;].*$/, "").trim();
}

// The user's own file, which no sandbox could write: read as git would, also where git itself would write it otherwise.
function settings(text: string): [key: string, value: string][] {
  let section = "";
  return text.split("\n").flatMap((line): [string, string][] => {
    const head = /^\s*\[\s*([A-Za-z0-9-]+)(?:\.[^\]]*|\s*"(?:[^"\\]|\\.)*")?\s*\]/.exec(line);
    if (head !== null) section = (head[1] ?? "").toLowerCase();
    const setting = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)$/.exec(line.slice(head?.[0].length ?? 0));
    return setting === null
      ? []
      : [[`${section}.${(setting[1] ?? "").toLowerCase()}`, plainValue(setting[2] ?? "")]];
  });
}

class Configurations {
  readonly #read = new Map<string, readonly Named[]>();

  constructor(private readonly home: SafePath | undefined) {}

  /** What a configuration file and those that it includes say. */
  of(path: string, depth = 0): readonly Named[] {
    const known = this.#read.get(path);
    if (known !== undefined || depth > MOST_INCLUDES) return known ?? [];
    this.#read.set(path, []);
    const text = readSmallFile(resolvePath(SafePath.of(path)).real.toString()) ?? "";
    const base = SafePath.of(path).parent.toString();
    const own = TELLING.test(text) ? settings(text).map(([key, value]) => ({ key, value, base })) : [];
    const included = own.filter(({ key }) => INCLUDE.test(key)).flatMap(({ value }) =>
      this.of(this.resolve(value, base).toString(), depth + 1)
    );
    const all = [...own, ...included];
    this.#read.set(path, all);
    return all;
  }

  resolve(value: string, base: string): SafePath {
    const home = this.home;
    if (home !== undefined && value.startsWith("~/")) return home.join(value.slice(2));
    return SafePath.from(value, base);
  }
}

// The scripts in `.husky/_` call those beside it.
function hooksIn(path: SafePath): SafePath {
  return path.name === "_" && path.parent.name === ".husky" ? path.parent : path;
}

function isPath(key: string, value: string): boolean {
  if (value === "" || value.includes("\0")) return false;
  return key === "core.hookspath" || INCLUDE.test(key) ||
    (key === "core.fsmonitor" && value.includes("/") && !/\s/.test(value));
}

/** Working trees, each with the configuration files that hold in it. */
async function workingTrees(places: readonly GitPlace[]): Promise<[top: string, files: string[]][]> {
  const found: [string, string[]][] = [];
  for (const { path, kind } of places) {
    const files = (directory: string) => [`${directory}/config`, `${directory}/config.worktree`];
    if (kind === "directory") {
      found.push([path.endsWith("/.git") ? path.slice(0, -"/.git".length) || "/" : path, files(path)]);
    } else if (kind === "pointer") {
      const { commonDirectoryOf, followPointer } = await import("./linked_worktree.ts");
      const directory = followPointer(path);
      if (directory === undefined) continue;
      const common = commonDirectoryOf(directory) ?? directory;
      found.push([SafePath.of(path).parent.toString(), [...files(common), ...files(directory)]]);
    }
  }
  return found;
}

/**
 * Finds what git's configuration names below a writable directory: hooks kept in the working tree, included files.
 * The user's own configuration is heeded too, where it lies by default.
 */
export async function configuredPaths(
  { places, roots, home }: ConfiguredRequest,
): Promise<ConfiguredPaths> {
  if (places.length === 0) return { paths: [], notices: [] };
  const configurations = new Configurations(home);
  const own = home === undefined
    ? []
    : [`${home}/.gitconfig`, `${home}/.config/git/config`].flatMap((path) => configurations.of(path));
  const isInside = (path: SafePath) => roots.some((root) => root.contains(path));
  const paths = new Map<string, ConfiguredPath>();
  const notices = new Set<string>();
  for (const [top, files] of await workingTrees(places)) {
    for (const { key, value, base } of [...own, ...files.flatMap((file) => configurations.of(file))]) {
      if (!isPath(key, value)) continue;
      const isInclude = INCLUDE.test(key);
      const path = hooksIn(configurations.resolve(value, isInclude ? base : top));
      const text = path.toString();
      if (paths.has(text) || !(isInside(path) || isInside(resolvePath(path).real))) continue;
      if (path.contains(SafePath.of(top))) {
        notices.add(`${key} of ${quote(top)} is ${quote(value)}: hooks there are not guarded`);
        continue;
      }
      paths.set(text, {
        path,
        reason: REASONS[key] ?? "git runs commands that its configuration names (include.path)",
      });
    }
  }
  return { paths: [...paths.values()], notices: [...notices] };
}
