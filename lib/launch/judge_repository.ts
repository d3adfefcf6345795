import { readSmallFile } from "../paths/read_small_file.ts";
import { lstat } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { GitPlace } from "../policy/protections.ts";
import { dangerousSetting } from "./harmless_git_config.ts";
import { commonDirectoryOf, followPointer } from "./linked_worktree.ts";

/** Something of a new repository that may make the host run a program. */
export interface Danger {
  readonly path: string;
  readonly reason: string;
}

/** What new repositories are judged against. */
export interface Surroundings {
  /** Whether a git directory was there before, so that its hooks and its configuration were guarded. */
  readonly isKnown: (directory: string) => boolean;
  /** Whether a real path lies in a writable root. */
  readonly isInside: (path: string) => boolean;
}

// Their commands stand in the configuration, of which the user's own is a part.
const NAMES_PROGRAM = /(?:filter|diff|merge)=/;

function realPath(path: SafePath): string {
  try {
    return Deno.realPathSync(path.toString());
  } catch {
    return path.toString();
  }
}

class Judge {
  constructor(private readonly around: Surroundings) {}

  place({ path, kind }: GitPlace): Danger[] {
    if (kind === "link") return [{ path, reason: "git follows the link to what it runs" }];
    if (kind === "pointer") return this.#pointer(path);
    // Also of a linked worktree's: without its commondir it is a git directory like any other.
    return [
      ...["config", "config.worktree"].flatMap((name) => this.#config(path, name)),
      ...this.#commonDirectory(path),
      ...hooks(path),
      ...attributes(path),
      ...legacyRemotes(path),
    ];
  }

  #config(directory: string, name: string): Danger[] {
    const path = `${directory}/${name}`;
    if (lstat(path) === undefined) return [];
    const text = readSmallFile(path);
    const isInside = (worktree: string) =>
      worktree !== "" && this.around.isInside(realPath(SafePath.from(worktree, directory)));
    const wrong = text === undefined
      ? "it is no file that tombolo can read"
      : dangerousSetting(text, { isInside, isHidden: (path) => this.#isHidden(path, directory) });
    return wrong === undefined
      ? []
      : [{ path, reason: `git may run commands that its configuration names (${wrong})` }];
  }

  // The walk looks for repositories everywhere but in git directories, which hold none of their own.
  #isHidden(path: string, directory: string): boolean {
    // Where git stands when it reads it: at the top of the working tree, or in the bare repository.
    const base = SafePath.of(directory).name === ".git"
      ? SafePath.of(directory).parent.toString()
      : directory;
    const lexical = SafePath.from(path, base);
    return [lexical, SafePath.of(realPath(lexical))].some((at) =>
      this.around.isInside(at.toString()) && at.ancestors().some(isGitDirectory)
    );
  }

  #commonDirectory(directory: string): Danger[] {
    const path = `${directory}/commondir`;
    if (lstat(path) === undefined) return [];
    const common = commonDirectoryOf(directory);
    if (common !== undefined && this.#isHarmless(common)) return [];
    return [{ path, reason: "it names the directory whose configuration and hooks git uses" }];
  }

  #pointer(path: string): Danger[] {
    const target = followPointer(path);
    const isHarmless = target !== undefined && this.#isHarmless(target);
    return isHarmless ? [] : [{ path, reason: "git follows the pointer to what it runs" }];
  }

  #isHarmless(directory: string): boolean {
    if (this.around.isKnown(directory)) return true;
    if (!this.around.isInside(directory) || lstat(directory)?.isDirectory !== true) return false;
    return this.place({ path: directory, kind: "directory" }).length === 0;
  }
}

function hooks(directory: string): Danger[] {
  const path = `${directory}/hooks`;
  const info = lstat(path);
  if (info === undefined) return [];
  const reason = "git runs hooks on the host";
  if (!info.isDirectory) return [{ path, reason }];
  try {
    const isSample = [...Deno.readDirSync(path)].every(({ name }) => name.endsWith(".sample"));
    return isSample ? [] : [{ path, reason }];
  } catch {
    return [{ path, reason }];
  }
}

function isGitDirectory(path: SafePath): boolean {
  const has = (name: string) => lstat(path.join(name)) !== undefined;
  return path.name === ".git" || (has("HEAD") && has("objects") && has("refs"));
}

// Addresses of remotes from before there was a configuration (gitrepository-layout(5)); nothing writes them any more.
function legacyRemotes(directory: string): Danger[] {
  return ["remotes", "branches"].flatMap((name): Danger[] => {
    const path = `${directory}/${name}`;
    const info = lstat(path);
    if (info === undefined) return [];
    try {
      if (info.isDirectory && [...Deno.readDirSync(path)].length === 0) return [];
    } catch {
      // Not to be looked into.
    }
    return [{ path, reason: "git takes addresses of remotes from it" }];
  });
}

function attributes(directory: string): Danger[] {
  const reason = "git attributes choose filters that run";
  const info = lstat(`${directory}/info`);
  if (info === undefined) return [];
  if (!info.isDirectory) return [{ path: `${directory}/info`, reason }];
  const path = `${directory}/info/attributes`;
  if (lstat(path) === undefined) return [];
  const text = readSmallFile(path);
  return text === undefined || NAMES_PROGRAM.test(text) ? [{ path, reason }] : [];
}

/**
 * What of a repository that a command has made may run programs on the host. A plain clone has nothing of the kind.
 *
 * @returns The paths to move away, which leave the rest of it usable
 */
export function judgeRepository(place: GitPlace, around: Surroundings): Danger[] {
  return new Judge(around).place(place);
}
