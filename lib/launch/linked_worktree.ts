import { readSmallFile } from "../paths/read_small_file.ts";
import { lstat } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";

/** What a writable root may write outside of itself, because it is the working tree of a repository there. */
export interface OutsideRepository {
  /** The common directory, or the git directory of a submodule. */
  readonly directory: SafePath;
  /** Name below `worktrees` of a linked worktree; absent for a submodule. */
  readonly worktree?: string;
}

const LONGEST = 4096;

function readLine(path: string): string | undefined {
  const text = readSmallFile(path, LONGEST)?.replace(/\n+$/, "");
  return text === undefined || text === "" || /[\n\r\0\ufffd]/.test(text) ? undefined : text;
}

function realPath(text: string, base: string): string | undefined {
  try {
    return Deno.realPathSync(SafePath.from(text, base).toString());
  } catch {
    return undefined;
  }
}

/** Where a pointer file leads, as a real path; `undefined` where it is none, or leads nowhere. */
export function followPointer(pointer: string): string | undefined {
  const target = /^gitdir: (.+)$/.exec(readLine(pointer) ?? "")?.[1];
  return target === undefined ? undefined : realPath(target, SafePath.of(pointer).parent.toString());
}

/** The common directory of a linked worktree's git directory; `undefined` where it is not laid out as git does it. */
export function commonDirectoryOf(directory: string): string | undefined {
  const named = readLine(`${directory}/commondir`);
  const common = named === undefined ? undefined : realPath(named, directory);
  if (common === undefined) return undefined;
  const { parent } = SafePath.of(directory);
  return parent.toString() === `${common}/worktrees` ? common : undefined;
}

function pointsBack(directory: string, root: string): boolean {
  const back = readLine(`${directory}/gitdir`);
  if (back === undefined) return false;
  const pointer = SafePath.from(back, directory);
  return pointer.name === ".git" && realPath(pointer.parent.toString(), "/") === root;
}

function configurationOf(directory: string): string {
  const info = lstat(`${directory}/config`);
  if (info?.isFile !== true || info.size > LONGEST * 16) return "";
  try {
    return Deno.readTextFileSync(`${directory}/config`);
  } catch {
    return "";
  }
}

async function isSubmoduleOf(directory: string, root: string): Promise<boolean> {
  const { parseGitConfig } = await import("./git_config.ts");
  const worktrees = (parseGitConfig(configurationOf(directory)) ?? []).filter(({ key }) =>
    key === "core.worktree"
  );
  const [only] = worktrees;
  return worktrees.length === 1 && only?.value !== undefined && realPath(only.value, directory) === root;
}

/**
 * The repository outside of a directory that the directory is a linked worktree or a submodule of. Pointer and
 * back-pointer have to agree: a pointer alone may have been planted, and would open another repository.
 *
 * @param root Real path of a directory
 */
export async function outsideRepository(root: string): Promise<OutsideRepository | undefined> {
  const directory = followPointer(`${root}/.git`);
  if (directory === undefined || lstat(directory)?.isDirectory !== true) return undefined;
  if (lstat(`${directory}/commondir`) !== undefined) {
    const common = commonDirectoryOf(directory);
    if (common === undefined || !pointsBack(directory, root)) return undefined;
    return { directory: SafePath.of(common), worktree: SafePath.of(directory).name };
  }
  return await isSubmoduleOf(directory, root) ? { directory: SafePath.of(directory) } : undefined;
}
