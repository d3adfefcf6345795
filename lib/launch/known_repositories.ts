import type { GitPlace } from "../policy/protections.ts";
import { quote } from "../report/escape.ts";
import { findRepositories, type Found } from "./find_repositories.ts";

/** Two clocks: one that only goes forward, and the date. Milliseconds. */
export interface Clocks {
  readonly elapsed: () => number;
  readonly date: () => number;
}

/** What a start knows of the repositories below one writable root. */
export interface KnownRepositories {
  readonly root: string;
  /** Everything to guard. */
  readonly places: readonly GitPlace[];
  readonly projects: readonly string[];
  readonly shut: readonly string[];
  readonly beyond: readonly string[];
  /** Those places that no earlier run can have planted. */
  readonly known: readonly string[];
  /** Whether all there was has been looked at by this start. */
  readonly isComplete: boolean;
  /** Where the walk that is relied on had to end. */
  readonly stoppedAt?: string;
}

/** How long the walk of every start may take, over all roots. */
export const START_BUDGET_MS = 5;
// Two milliseconds' worth of it.
const LEAST_WORK = 2000;
// Once for a tree that is larger; then its index is relied on.
const FULL_BUDGET_MS = 1000;
// The user may have cloned repositories meanwhile.
const INDEX_AGE_MS = 24 * 3600 * 1000;

/** Whether any of what git reads at a place has changed since a date; it cannot be set back from inside (inode(7)). */
export function isChangedSince({ path, kind }: GitPlace, since: number): boolean {
  const read = kind === "directory" || kind === "worktree"
    ? [path, `${path}/config`, `${path}/hooks`]
    : [path];
  return read.some((name) => {
    try {
      return (Deno.lstatSync(name).ctime?.getTime() ?? Infinity) >= since;
    } catch {
      return false;
    }
  });
}

/**
 * Says yes until a time has come, and for some work whatever the time: where the machine is busy a small tree is walked
 * whole all the same.
 *
 * @param end By the clock that only goes forward
 */
export function untilTime(end: number, { elapsed }: Clocks): (work: number) => boolean {
  return (work) => work < LEAST_WORK || elapsed() < end;
}

// Working trees that only the index knows of.
function projectsOf(places: readonly GitPlace[], { root, places: walked }: Found): string[] {
  const tops = places.filter(({ path }) => path.endsWith("/.git") && !walked.has(path)).map(({ path }) =>
    path.slice(0, -"/.git".length) || "/"
  );
  return tops.filter((top) => top !== root);
}

async function throughIndex(
  quick: Found,
  stateDirectory: string,
  uid: number | null,
  clocks: Clocks,
): Promise<KnownRepositories> {
  const { readIndex, stillThere, writeIndex } = await import("./repository_index.ts");
  const { root } = quick;
  const before = readIndex(stateDirectory, root);
  const now = clocks.date();
  const isFresh = before !== undefined && now - before.walkedAt < INDEX_AGE_MS && before.walkedAt <= now;
  const found = isFresh
    ? quick
    : findRepositories(root, { goOn: untilTime(clocks.elapsed() + FULL_BUDGET_MS, clocks), uid });
  const indexed = stillThere(before?.places ?? []);
  const places = new Map([...indexed.map((place) => [place.path, place] as const), ...found.places]);
  // What has appeared while nobody looked to the end is guarded, and judged when somebody does.
  const since = before?.unchecked?.[0] ?? Infinity;
  const trusted = new Set(indexed.map(({ path }) => path));
  const known = [...places.values()].filter((place) =>
    trusted.has(place.path) || !isChangedSince(place, since)
  );
  const stoppedAt = isFresh ? before.stoppedAt : found.stoppedAt;
  if (!isFresh) {
    writeIndex(stateDirectory, uid, {
      root,
      walkedAt: now,
      ...(stoppedAt === undefined ? {} : { stoppedAt }),
      places: known,
      ...(before?.unchecked === undefined ? {} : { unchecked: before.unchecked }),
    });
  }
  const { stoppedAt: _, ...rest } = found;
  return {
    ...rest,
    projects: [...rest.projects, ...projectsOf(indexed, found)],
    places: [...places.values()],
    known: known.map(({ path }) => path),
    isComplete: found.stoppedAt === undefined,
    ...(stoppedAt === undefined ? {} : { stoppedAt }),
  };
}

/**
 * Finds what is to be guarded below writable roots: by a walk of a few milliseconds, and where that does not come to
 * its end by the index of an earlier, longer one.
 *
 * @param roots Real paths, the most important first
 */
export async function knownRepositories(
  roots: readonly string[],
  stateDirectory: string,
  uid: number | null,
  clocks: Clocks,
): Promise<KnownRepositories[]> {
  const end = clocks.elapsed() + START_BUDGET_MS;
  const all: KnownRepositories[] = [];
  for (const root of roots) {
    const { stoppedAt, ...found } = findRepositories(root, { goOn: untilTime(end, clocks), uid });
    if (stoppedAt !== undefined) {
      all.push(await throughIndex({ ...found, stoppedAt }, stateDirectory, uid, clocks));
      continue;
    }
    const places = [...found.places.values()];
    all.push({ ...found, places, known: places.map(({ path }) => path), isComplete: true });
  }
  return all;
}

/** What of a search has to be said, a sentence each. */
export function searchNotices(all: readonly KnownRepositories[], isOwn: (path: string) => boolean): string[] {
  return all.flatMap(({ root, stoppedAt, beyond }) => {
    const outside = beyond.filter((path) => !isOwn(path));
    const [first] = outside;
    const more = outside.length > 1 ? ` and ${outside.length - 1} more` : "";
    return [
      ...(stoppedAt === undefined ? [] : [
        `${quote(root)} is too large: no repositories were looked for from ${
          quote(stoppedAt)
        } on; git hooks, git configuration and editor settings there are not guarded; name smaller directories in --allow-write`,
      ]),
      ...(first === undefined ? [] : [
        `no repositories were looked for in ${
          quote(first)
        }${more} (another file system, or a name that is not UTF-8): what git runs there is not guarded`,
      ]),
    ];
  });
}
