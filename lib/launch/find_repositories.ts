import { lstat } from "../paths/resolve_path.ts";
import { firstNames, PROJECT_EXECUTED } from "../policy/host_executed.ts";
import type { GitKind, GitPlace } from "../policy/protections.ts";
import { WALKED_LAST } from "./walk_order.ts";

/** What one walk below a writable root has found. */
export interface Found {
  readonly root: string;
  /** Git directories and pointer files by path, in the order in which they were met. */
  readonly places: ReadonlyMap<string, GitPlace>;
  /** Working trees below the root that hold what the host executes. */
  readonly projects: readonly string[];
  /** The first directory that was not looked into any more; absent where the walk came to its end. */
  readonly stoppedAt?: string;
  /** Directories that cannot be looked into, or not from inside. */
  readonly shut: readonly string[];
  /** Directories of other file systems, and those whose name is not UTF-8: not looked into. */
  readonly beyond: readonly string[];
}

/** How far a walk goes. */
export interface WalkLimits {
  /**
   * Asked before every directory but the root and its `.git`, with a measure of the work done so far; once it says no
   * the walk ends.
   */
  readonly goOn: (work: number) => boolean;
  /** Called for a directory that cannot be read, or not from inside; whether to look into it all the same. */
  readonly onShut?: (path: string) => boolean;
  /** Whose command it is. */
  readonly uid: number | null;
}

interface Step {
  readonly path: string;
  /** What the directory is part of. */
  readonly within: "tree" | "git" | "modules" | "worktrees" | "worktree" | "bare-worktrees" | "objects";
}

/** What of a directory matters to the walk. */
interface Listing {
  /** Those of its entries that tell what it is, by name. */
  readonly telling: Map<string, Deno.DirEntry>;
  readonly directories: string[];
}

// To open a directory takes as long as to read some ten entries.
const WORK_OF_OPENING = 10;
const PROJECT_NAMES = firstNames(PROJECT_EXECUTED);
const TELLING = PROJECT_NAMES.union(new Set([".git", "HEAD", "commondir", "objects", "refs"]));
// What git puts among its objects, where it looks for nothing else.
const OBJECTS = /^(?:[0-9a-f]{2}|pack|info)$/;
const NOT_UTF8 = "\ufffd";

class RepositoryWalk {
  readonly #places = new Map<string, GitPlace>();
  readonly #projects: string[] = [];
  readonly #shut: string[] = [];
  readonly #beyond: string[] = [];
  readonly #device: number | undefined;
  readonly #next: Step[] = [];
  readonly #last: Step[] = [];
  #nextAt = 0;
  #lastAt = 0;
  #work = 0;

  constructor(private readonly root: string, private readonly limits: WalkLimits) {
    this.#device = lstat(root)?.dev;
    if (lstat(root)?.isDirectory) this.#look({ path: root, within: "tree" });
  }

  run(): Found {
    const found = { root: this.root, places: this.#places, projects: this.#projects, shut: this.#shut };
    for (let step = this.#take(); step !== undefined; step = this.#take()) {
      const isTop = step.path === `${this.root}/.git`;
      if (!isTop && !this.limits.goOn(this.#work)) {
        return { ...found, beyond: this.#beyond, stoppedAt: step.path };
      }
      this.#look(step);
    }
    return { ...found, beyond: this.#beyond };
  }

  // Breadth first: what is near the root is found first.
  #take(): Step | undefined {
    if (this.#nextAt < this.#next.length) return this.#next[this.#nextAt++];
    return this.#last[this.#lastAt++];
  }

  #read(path: string): Listing {
    const listing: Listing = { telling: new Map(), directories: [] };
    this.#work += WORK_OF_OPENING;
    try {
      for (const entry of Deno.readDirSync(path)) {
        this.#work++;
        if (TELLING.has(entry.name)) listing.telling.set(entry.name, entry);
        if (entry.isDirectory) listing.directories.push(entry.name);
      }
    } catch (error) {
      // What has vanished since its parent was read holds nothing.
      const isGone = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
      if (isGone) return listing;
      this.#shut.push(path);
    }
    return listing;
  }

  #look({ path, within }: Step): void {
    const info = lstat(path);
    if (info === undefined) return;
    if (info.dev !== this.#device) {
      this.#beyond.push(path);
      return;
    }
    if (path !== this.root && isShut(info, this.limits.uid) && !this.limits.onShut?.(path)) {
      this.#shut.push(path);
      return;
    }
    const { telling, directories } = this.#read(path);
    const at = path === "/" ? "" : path;
    if (within === "git") return this.#inGit(path, directories);
    if (within === "worktrees" || within === "worktree") return this.#inWorktrees(at, directories, within);
    const isGit = looksLikeGit(telling);
    if (isGit && within === "modules") return this.#inGit(path, directories);
    if (isGit) this.#found(path, "directory");
    // What only looks like a repository may hold real ones there.
    if (within === "bare-worktrees") this.#inWorktrees(at, directories, within);
    const git = telling.get(".git");
    if (git !== undefined) this.#inWorkingTree(path, git, telling);
    for (const name of directories) {
      if (name === ".git" || (within === "objects" && OBJECTS.test(name))) continue;
      this.#add(`${at}/${name}`, isGit ? insideBare(name) : within === "modules" ? within : "tree");
    }
  }

  // Of a git directory only these hold further ones; nobody works in the rest.
  #inGit(path: string, directories: readonly string[]): void {
    this.#found(path, "directory");
    for (const name of ["modules", "worktrees"] as const) {
      if (directories.includes(name)) this.#add(`${path}/${name}`, name);
    }
  }

  // A linked worktree has submodules of its own.
  #inWorktrees(at: string, directories: readonly string[], within: Step["within"]): void {
    for (const name of directories) {
      if (within !== "worktree") this.#found(`${at}/${name}`, "worktree");
      if (within === "worktrees") this.#add(`${at}/${name}`, "worktree");
      if (within === "worktree" && name === "modules") this.#add(`${at}/${name}`, "modules");
    }
  }

  #inWorkingTree(path: string, git: Deno.DirEntry, telling: Listing["telling"]): void {
    const at = path === "/" ? "" : path;
    if (git.isDirectory) this.#add(`${at}/.git`, "git");
    else this.#found(`${at}/.git`, git.isSymlink ? "link" : "pointer");
    if (path !== this.root && telling.keys().some((name) => PROJECT_NAMES.has(name))) {
      this.#projects.push(path);
    }
  }

  #found(path: string, kind: GitKind): void {
    if (path.includes(NOT_UTF8)) this.#beyond.push(path);
    else if (!this.#places.has(path)) this.#places.set(path, { path, kind });
  }

  #add(path: string, within: Step["within"]): void {
    const name = path.slice(path.lastIndexOf("/") + 1);
    // No call of the runtime can name it.
    if (name.includes(NOT_UTF8)) this.#beyond.push(path);
    else {(within === "tree" && Object.hasOwn(WALKED_LAST, name) ? this.#last : this.#next).push({
        path,
        within,
      });}
  }
}

function insideBare(name: string): Step["within"] {
  if (name === "worktrees") return "bare-worktrees";
  return name === "modules" || name === "objects" ? name : "tree";
}

// Inside, root is no more than any owner: what shuts out other users shuts it out of their directories.
function isShut({ mode, uid: owner, gid }: Deno.FileInfo, uid: number | null): boolean {
  const open = (bits: number) => ((mode ?? 0) & bits) === bits;
  if (owner === uid) return !open(0o500);
  return uid === 0 && !open(0o005) && !(gid === 0 && open(0o050));
}

// As git decides it (setup.c, is_git_directory): where there is a commondir the rest lies there.
function looksLikeGit(entries: Listing["telling"]): boolean {
  return entries.has("HEAD") && (entries.has("commondir") || (entries.has("objects") && entries.has("refs")));
}

/**
 * Looks for git directories, bare repositories and pointer files below a directory. Follows no link, and stays on the
 * file system of the root: another one may be a server that does not answer.
 *
 * @param root Real path of a directory
 */
export function findRepositories(root: string, limits: WalkLimits): Found {
  return new RepositoryWalk(root, limits).run();
}
