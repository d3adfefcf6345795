import { nameOnDisk } from "./name_on_disk.ts";
import { SafePath } from "./safe_path.ts";

/** What stands at the end of a path. */
export type FileKind = "file" | "directory" | "symlink" | "socket" | "other";

/** A path with every link followed that exists now. */
export interface ResolvedPath {
  /** Real path of the deepest part that exists, plus the rest as written. */
  readonly real: SafePath;
  /** `undefined` where nothing stands at the path. */
  readonly kind: FileKind | undefined;
  /** The links that were crossed on the way, in order. */
  readonly links: readonly SafePath[];
  /** Which file it is, whatever its name (stat(2): device and inode); absent where nothing stands there. */
  readonly id?: string;
  /** Set where a link on the way leads nowhere or in a circle: nothing below it can be named safely. */
  readonly broken?: SafePath;
}

/** Links that Linux follows at most in one look-up (path_resolution(7)). */
export const MAX_LINKS = 40;

/** What tells the kinds apart; of an entry of a directory, sockets are not known. */
type KnownKind = Pick<Deno.FileInfo, "isSymlink" | "isFile" | "isDirectory"> & {
  readonly isSocket?: boolean | null;
};

/** What kind of thing an entry is, links not followed. */
export function kindOf(info: KnownKind): FileKind {
  if (info.isSymlink) return "symlink";
  if (info.isFile) return "file";
  if (info.isDirectory) return "directory";
  return info.isSocket ? "socket" : "other";
}

/** Which file this is, whatever its name. */
export function fileId({ dev, ino }: Deno.FileInfo): string {
  return `${dev}:${ino}`;
}

/** lstat that answers `undefined` where nothing is there or nothing can be seen. */
export function lstat(path: SafePath | string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path.toString());
  } catch {
    return undefined;
  }
}

/**
 * Follows links component by component, remembering each one, so that the caller can judge where they lie.
 *
 * @param path What to resolve
 * @returns The real path; a part that does not exist is kept as written
 */
export function resolvePath(path: SafePath): ResolvedPath {
  const atOnce = resolveAtOnce(path);
  if (atOnce !== undefined) return atOnce;
  const found = followLinks(path);
  if (Deno.build.os !== "darwin" || found.broken !== undefined) return found;
  return { ...found, real: nameOnDisk(found.real) };
}

// The usual path holds no link: one call tells, where following by hand costs one for each component.
function resolveAtOnce(path: SafePath): ResolvedPath | undefined {
  try {
    if (Deno.realPathSync(path.toString()) !== path.toString()) return undefined;
    const info = Deno.lstatSync(path.toString());
    return { real: path, kind: kindOf(info), links: [], id: fileId(info) };
  } catch {
    return undefined;
  }
}

function followLinks(path: SafePath): ResolvedPath {
  const links: SafePath[] = [];
  let at = SafePath.root;
  let kind: FileKind | undefined = "directory";
  let rest = path.toString().split("/").filter((part) => part !== "");
  // How many of the components to come were named by a link, not by the path.
  let fromLink = 0;
  for (;;) {
    const part = rest.shift();
    if (part === undefined) return { real: at, kind, links, ...idOf(at) };
    const named = fromLink === 0;
    fromLink = Math.max(0, fromLink - 1);
    if (part === "..") {
      at = at.parent;
      continue;
    }
    const next = at.join(part);
    const info = lstat(next);
    if (info === undefined) return missing(next, rest, links, named);
    kind = kindOf(info);
    if (kind !== "symlink") {
      at = next;
      continue;
    }
    links.push(next);
    if (links.length > MAX_LINKS) return { real: path, kind: undefined, links, broken: next };
    const target = readLink(next);
    if (target === undefined) return { real: path, kind: undefined, links, broken: next };
    const pieces = target.split("/").filter((piece) => piece !== "" && piece !== ".");
    fromLink += pieces.length;
    rest = pieces.concat(rest);
    if (target.startsWith("/")) at = SafePath.root;
    kind = "directory";
  }
}

// Somebody may have put something else in its place since.
function readLink(path: SafePath): string | undefined {
  try {
    return Deno.readLinkSync(path.toString());
  } catch {
    return undefined;
  }
}

function idOf(path: SafePath): { id?: string } {
  const info = lstat(path);
  return info === undefined ? {} : { id: fileId(info) };
}

function missing(
  at: SafePath,
  rest: readonly string[],
  links: readonly SafePath[],
  named: boolean,
): ResolvedPath {
  const found = { real: at.join(rest.join("/")), kind: undefined, links };
  const last = links.at(-1);
  return named || last === undefined ? found : { ...found, broken: last };
}
