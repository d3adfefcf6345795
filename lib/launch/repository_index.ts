import { lstat } from "../paths/resolve_path.ts";
import type { GitKind, GitPlace } from "../policy/protections.ts";
import { privateDirectory, writeAtomically } from "./state_directory.ts";

/** What is remembered of the repositories below one writable root that is too large to be walked at every start. */
export interface RepositoryIndex {
  readonly root: string;
  /** When the walk was begun that it comes from, in milliseconds since the epoch. */
  readonly walkedAt: number;
  /** Where that walk had to end, where it had to. */
  readonly stoppedAt?: string;
  readonly places: readonly GitPlace[];
  /** Begin and end of runs after that walk whose own walk at the end came to no end. */
  readonly unchecked?: readonly [begin: number, end: number];
}

const VERSION = 1;
const MOST_FILES = 200;

// FNV-1a, twice over with another start: the root itself stands in the file, a collision only loses one of two.
function fileName(root: string): string {
  return [0x811c9dc5, 0x01234567].map((start) => {
    let hash = start;
    for (const byte of new TextEncoder().encode(root)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, "0");
  }).join("");
}

function isIndex(value: unknown, root: string): value is RepositoryIndex & { version: number } {
  const index = value as Partial<RepositoryIndex & { version: number }> | null;
  return index?.version === VERSION && index.root === root && Array.isArray(index.places);
}

/** The index of a root; `undefined` where there is none, or one of another version of tombolo. */
export function readIndex(stateDirectory: string, root: string): RepositoryIndex | undefined {
  try {
    const value: unknown = JSON.parse(
      Deno.readTextFileSync(`${stateDirectory}/repositories/${fileName(root)}`),
    );
    return isIndex(value, root) ? value : undefined;
  } catch {
    return undefined;
  }
}

// Roots that are gone must not fill the state directory.
function sweep(directory: string): void {
  const names = Array.from(Deno.readDirSync(directory), ({ name }) => name);
  if (names.length <= MOST_FILES) return;
  const age = (name: string) => lstat(`${directory}/${name}`)?.mtime?.getTime() ?? 0;
  for (const name of names.sort((a, b) => age(a) - age(b)).slice(0, names.length - MOST_FILES)) {
    try {
      Deno.removeSync(`${directory}/${name}`);
    } catch {
      // Another run was quicker.
    }
  }
}

/**
 * Keeps an index, whole or not at all. Where it cannot be written (a full disk) the next start walks again.
 *
 * @returns Whether it was written
 */
export function writeIndex(stateDirectory: string, uid: number | null, index: RepositoryIndex): boolean {
  try {
    const directory = privateDirectory(`${stateDirectory}/repositories`, uid);
    writeAtomically(`${directory}/${fileName(index.root)}`, JSON.stringify({ version: VERSION, ...index }));
    sweep(directory);
    return true;
  } catch {
    return false;
  }
}

function kindNow({ path, kind }: GitPlace): GitKind | undefined {
  const info = lstat(path);
  if (info === undefined) return undefined;
  if (info.isSymlink) return "link";
  if (info.isFile) return "pointer";
  return kind === "worktree" ? kind : "directory";
}

/** Those places of an index where something still stands, as what it is now. */
export function stillThere(places: readonly GitPlace[]): GitPlace[] {
  return places.flatMap((place) => {
    const kind = kindNow(place);
    return kind === undefined ? [] : [{ path: place.path, kind }];
  });
}
