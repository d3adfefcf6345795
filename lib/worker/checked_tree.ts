import { MAX_LINKS } from "../paths/resolve_path.ts";
import type { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";
import type { EntryKind } from "./protocol.ts";
import { refusePlanted } from "./planted.ts";
import {
  asWorkerError,
  IoError,
  IsADirectoryError,
  NotADirectoryError,
  NotFoundError,
  PolicyDeniedError,
  ProtocolError,
} from "./worker_error.ts";

/** A path inside the root, with every link on the way followed. */
export interface Located {
  /** Real path of the deepest part that exists, plus the rest, normalised. */
  readonly path: SafePath;
  /** lstat(2) of it; `undefined` where nothing stands there. */
  readonly info: Deno.FileInfo | undefined;
  /** How the request named it, for messages. */
  readonly asked: string;
}

/** What stands at a path, by what lstat(2) says. */
export function kindOf(info: Deno.FileInfo | Deno.DirEntry): EntryKind {
  if (info.isSymlink) return "symlink";
  if (info.isFile) return "file";
  return info.isDirectory ? "directory" : "other";
}

/** The error for a path where nothing stands. */
export function missing(asked: string): NotFoundError {
  const hint = asked.includes("\ufffd") ? " (names that are not UTF-8 cannot be used)" : "";
  return new NotFoundError(`Cannot find ${JSON.stringify(asked)}: no such file or directory${hint}`);
}

function isSame(one: Deno.FileInfo, other: Deno.FileInfo): boolean {
  return one.ino === other.ino && one.dev === other.dev;
}

function pieces(text: string): string[] {
  return text.split("/").filter((part) => part !== "" && part !== ".");
}

/** The root of a worker under its policy: every path of a request goes through here, and is decided by its real place. */
export class CheckedTree {
  /** Paths in the root that rules name. */
  readonly #named: readonly SafePath[];
  /** Where the patterns of deny rules start. */
  readonly #patterns: readonly SafePath[];

  constructor(readonly root: SafePath, private readonly decider: PathDecider) {
    const { read, write, protections } = decider;
    const rules: readonly { readonly path: SafePath; readonly glob?: unknown }[] = [
      ...read.allow,
      ...read.deny,
      ...write.allow,
      ...write.deny,
      ...protections,
    ];
    this.#named = rules.map(({ path }) => path).filter((path) => path.depth > root.depth);
    this.#patterns = rules.filter(({ glob }) => glob !== undefined).map(({ path }) => path);
  }

  /** A path as answers name it: relative to the root. */
  relative(path: SafePath): string {
    const text = path.toString().slice(this.root.depth === 0 ? 1 : this.root.toString().length + 1);
    return text === "" ? "." : text;
  }

  #hasNamedBelow(path: SafePath): boolean {
    return this.#named.some((rule) => rule.depth > path.depth && path.contains(rule));
  }

  #hasPatternsFor(path: SafePath): boolean {
    return this.#patterns.some((head) => head.contains(path) || path.contains(head));
  }

  /** Whether a rule may speak of something strictly below a path. */
  hasRulesBelow(path: SafePath): boolean {
    return this.#hasNamedBelow(path) || this.#hasPatternsFor(path);
  }

  mayRead(path: SafePath): boolean {
    return decidePath(this.decider, "read", path).allowed;
  }

  /** @throws {PolicyDeniedError} where the policy does not allow it */
  require(access: "read" | "write", { path, asked }: Pick<Located, "path" | "asked">): void {
    const { allowed, reason, rule } = decidePath(this.decider, access, path);
    if (allowed && access === "write") refusePlanted(this.decider.protections, { path, asked });
    if (allowed) return;
    const verb = access === "read" ? "read" : "write";
    throw new PolicyDeniedError(
      `Cannot ${verb} ${JSON.stringify(asked)}: ${reason}`,
      rule === undefined ? {} : { rule },
    );
  }

  /**
   * As {@linkcode require} for what takes a whole directory away: nothing in it may have a rule of its own.
   *
   * @throws {PolicyDeniedError} where a rule speaks of the path or of anything below
   */
  requireWhole(located: Located): void {
    this.require("write", located);
    const { path, info, asked } = located;
    const isHeld = this.#hasNamedBelow(path) ||
      (info?.isDirectory === true && this.#hasPatternsFor(path) && this.#holdsDenied(path));
    if (!isHeld) return;
    throw new PolicyDeniedError(`Cannot move ${JSON.stringify(asked)}: a rule speaks of something in it`);
  }

  #holdsDenied(directory: SafePath): boolean {
    const open = [directory];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (const { name, isDirectory } of Deno.readDirSync(at.toString())) {
        const found = at.join(name);
        if (!decidePath(this.decider, "write", found).allowed) return true;
        if (isDirectory) open.push(found);
      }
    }
    return false;
  }

  /**
   * Finds what a request means, component by component as the kernel would, but never out of the root.
   *
   * @param follow Whether a link in the last place is followed too
   * @throws {PolicyDeniedError} where the way leads out of the root, or through what may not be read
   * @throws {NotADirectoryError} where the way leads through a file
   */
  locate(asked: string, follow: boolean): Located {
    if (asked.includes("\0") || !asked.isWellFormed()) {
      const what = asked.includes("\0") ? "it holds a NUL character" : "it is not UTF-8";
      throw new ProtocolError(`Cannot use path ${JSON.stringify(asked)}: ${what}`);
    }
    if (asked === "") throw new ProtocolError("Cannot use path: it is empty");
    const parts = this.#inside(asked, asked);
    return this.#atOnce(parts, asked) ?? this.#walk(parts, asked, follow);
  }

  // The usual path exists and holds no link: the system tells in one call.
  #atOnce(parts: readonly string[], asked: string): Located | undefined {
    if (parts.includes("..")) return undefined;
    const path = this.root.join(parts.join("/"));
    const text = path.toString();
    try {
      if (Deno.realPathSync(text) !== text) return undefined;
      return { path, info: Deno.lstatSync(text), asked };
    } catch {
      return undefined;
    }
  }

  /** The components of a path below the root. */
  #inside(text: string, asked: string): string[] {
    if (!text.startsWith("/")) return pieces(text);
    const parts = pieces(text);
    const root = pieces(this.root.toString());
    if (root.some((part, index) => parts[index] !== part)) throw this.#leaves(asked);
    return parts.slice(root.length);
  }

  #leaves(asked: string): PolicyDeniedError {
    return new PolicyDeniedError(
      `Cannot use ${JSON.stringify(asked)}: it leads out of the root ${JSON.stringify(this.root.toString())}`,
    );
  }

  #walk(parts: readonly string[], asked: string, follow: boolean): Located {
    let at = this.root;
    let info: Deno.FileInfo | undefined;
    let rest = [...parts];
    // What does not exist is kept apart: `..` takes it away again before it can take away what does.
    const absent: string[] = [];
    let links = 0;
    for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
      if (part === ".." && absent.pop() !== undefined) continue;
      if (part === "..") {
        if (at.equals(this.root)) throw this.#leaves(asked);
        at = at.parent;
        info = undefined;
        continue;
      }
      if (absent.length > 0) {
        absent.push(part);
        continue;
      }
      if (info !== undefined && !info.isDirectory) {
        throw new NotADirectoryError(`Cannot use ${JSON.stringify(asked)}: ${at.name} is not a directory`);
      }
      const next = at.join(part);
      const found = this.#lstat(next, asked);
      if (found === undefined) {
        absent.push(part);
      } else if (found.isSymlink && (follow || rest.length > 0)) {
        if (++links > MAX_LINKS) {
          throw new IoError(`Cannot use ${JSON.stringify(asked)}: more than ${MAX_LINKS} links on the way`);
        }
        const target = Deno.readLinkSync(next.toString());
        if (target.startsWith("/")) at = this.root;
        if (target.startsWith("/")) info = undefined;
        rest = this.#inside(target, asked).concat(rest);
      } else {
        at = next;
        info = found;
      }
    }
    if (absent.length > 0) return { path: at.join(absent.join("/")), info: undefined, asked };
    return { path: at, info: info ?? this.#lstat(at, asked), asked };
  }

  #lstat(path: SafePath, asked: string): Deno.FileInfo | undefined {
    try {
      return Deno.lstatSync(path.toString());
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      const refusal = asWorkerError(error, asked);
      // The rule says more than the wall behind it.
      if (refusal instanceof PolicyDeniedError) this.require("read", { path, asked });
      throw refusal;
    }
  }

  /**
   * A file to read or replace: it exists, is a regular file and may be read.
   *
   * @throws {WorkerError} with the code that says why not
   */
  locateFile(asked: string): Located & { readonly info: Deno.FileInfo } {
    const located = this.locate(asked, true);
    this.require("read", located);
    const { info } = located;
    if (info === undefined) throw missing(asked);
    this.requireFile(located);
    return { ...located, info };
  }

  /**
   * A directory that exists and may be read.
   *
   * @throws {WorkerError} with the code that says why not
   */
  locateDirectory(asked: string): Located & { readonly info: Deno.FileInfo } {
    const located = this.locate(asked, true);
    this.require("read", located);
    const { info } = located;
    if (info === undefined) throw missing(asked);
    if (!info.isDirectory) {
      throw new NotADirectoryError(`Cannot use ${JSON.stringify(asked)}: it is not a directory`);
    }
    return { ...located, info };
  }

  /** @throws {WorkerError} where something else than a regular file stands at the path */
  requireFile({ info, asked }: Pick<Located, "info" | "asked">): void {
    if (info === undefined || info.isFile) return;
    if (info.isDirectory) {
      throw new IsADirectoryError(`Cannot use ${JSON.stringify(asked)}: it is a directory`);
    }
    throw new IoError(`Cannot use ${JSON.stringify(asked)}: it is a FIFO, a socket, a device or a link`);
  }

  /**
   * Opens a regular file for reading and makes sure that it is the one at the checked path: between look and open a
   * component may have been swapped for a link.
   *
   * @throws {PolicyDeniedError} where it is another one
   */
  open(located: Located): { readonly file: Deno.FsFile; readonly info: Deno.FileInfo } {
    const file = Deno.openSync(located.path.toString());
    try {
      const info = file.statSync();
      this.requireFile({ info, asked: located.asked });
      this.verify(located, info);
      return { file, info };
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** @throws {PolicyDeniedError} where an opened file is not the one at a checked path, with no link on the way */
  verify({ path, asked }: Pick<Located, "path" | "asked">, opened: Deno.FileInfo): void {
    const text = path.toString();
    if (this.isStill(path) && isSame(Deno.lstatSync(text), opened)) return;
    throw new PolicyDeniedError(`Cannot use ${JSON.stringify(asked)}: it changed while it was in use`);
  }

  /** Whether a path still leads to itself: no component has become a link. */
  isStill(path: SafePath): boolean {
    return Deno.realPathSync(path.toString()) === path.toString();
  }
}
