import { lstat } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { RepositoryWatch, Watch } from "../plan/plan.ts";
import type { GitPlace } from "../policy/protections.ts";
import { findRepositories, type Found } from "./find_repositories.ts";
import type { Danger } from "./judge_repository.ts";
import { type Clocks, isChangedSince, untilTime } from "./known_repositories.ts";
import type { RepositoryIndex } from "./repository_index.ts";

/** When a run began, by both clocks, and what its end is looked at with. */
export interface CheckRequest {
  readonly watches: readonly RepositoryWatch[];
  readonly stateDirectory: string;
  readonly uid: number | null;
  readonly clocks: Clocks;
  readonly began: { readonly elapsed: number; readonly date: number };
}

/** What has appeared in repositories that the command made. */
export interface CheckResult {
  readonly dangers: readonly Watch[];
  /** Directories that were not looked into, although they are in place. */
  readonly missed: readonly string[];
}

const LEAST_MS = 4;
const MOST_MS = 1000;
const SHARE = 0.05;
// The runtime tells times of change in whole seconds, and the kernel stamps files with a clock that lags by a tick.
const CLOCK_LAG_MS = 1050;

/** How long the walk at the end of a run may take: a share of the run's own time, within bounds. */
export function endBudget(lasted: number): number {
  return Math.min(MOST_MS, Math.max(LEAST_MS, lasted * SHARE));
}

/** Directories that the command has shut, opened for a look. */
class Opened {
  readonly #modes = new Map<string, number>();

  open(path: string, uid: number | null): boolean {
    const info = lstat(path);
    if (info?.isDirectory !== true || info.uid !== uid || this.#modes.has(path)) return false;
    this.#modes.set(path, (info.mode ?? 0) & 0o7777);
    try {
      Deno.chmodSync(path, ((info.mode ?? 0) & 0o7777) | 0o700);
      return true;
    } catch {
      return false;
    }
  }

  shut(): void {
    for (const [path, mode] of [...this.#modes].reverse()) {
      try {
        Deno.chmodSync(path, mode);
      } catch {
        // It was set aside.
      }
    }
  }
}

function isIn(path: string, root: string): boolean {
  return SafePath.of(root).contains(SafePath.of(path));
}

// Somebody outside may have moved it away, or put a link in its place: what stands there now is none of this run's.
function isInPlace(root: string): boolean {
  try {
    return Deno.realPathSync(root) === root;
  } catch {
    return false;
  }
}

class Check {
  readonly #known: ReadonlySet<string>;
  readonly #end: number;

  constructor(private readonly request: CheckRequest, private readonly opened: Opened) {
    this.#known = new Set(request.watches.flatMap(({ known }) => known));
    const now = request.clocks.elapsed();
    this.#end = now + endBudget(now - request.began.elapsed);
  }

  async root(watch: RepositoryWatch): Promise<{ dangers: Watch[]; missed: readonly string[] }> {
    const { clocks, uid } = this.request;
    if (!isInPlace(watch.root)) return { dangers: [], missed: [watch.root] };
    const walkedAt = clocks.date();
    const found = findRepositories(watch.root, {
      goOn: untilTime(this.#end, clocks),
      onShut: (path) => this.opened.open(path, uid),
      uid,
    });
    const fresh = await this.#new(watch, found);
    const dangers = fresh.length === 0 ? [] : await this.#judge(fresh);
    if (!watch.isComplete || found.stoppedAt !== undefined) await this.#remember(watch, found, walkedAt);
    const shut = found.shut.filter((path) => lstat(path)?.uid === uid);
    return { dangers, missed: [...shut, ...found.beyond.filter((path) => !watch.beyond.includes(path))] };
  }

  // Where not all was known at the start, what has not changed since is older than the run.
  async #new(watch: RepositoryWatch, found: Found): Promise<GitPlace[]> {
    const unknown = [...found.places.values()].filter(({ path }) => !this.#known.has(path));
    if (watch.isComplete || unknown.length === 0) return unknown;
    const { readIndex } = await import("./repository_index.ts");
    const index = readIndex(this.request.stateDirectory, watch.root);
    const since = Math.min(this.request.began.date, index?.unchecked?.[0] ?? Infinity) - CLOCK_LAG_MS;
    return unknown.filter((place) => isChangedSince(place, since));
  }

  async #judge(places: readonly GitPlace[]): Promise<Watch[]> {
    const { judgeRepository } = await import("./judge_repository.ts");
    const around = {
      isKnown: (path: string) => this.#known.has(path),
      isInside: (path: string) => this.request.watches.some(({ root }) => isIn(path, root)),
    };
    const dangers = [
      ...places.flatMap((place) => judgeRepository(place, around)),
      ...await this.#hooksOfWorktrees(places),
    ];
    return dangers.map(({ path, reason }) => ({
      path,
      rule: { text: path, origin: "protection git", path: SafePath.of(path), denies: "write", reason },
    }));
  }

  // A new working tree of a known repository: what the configuration names there was not guarded.
  async #hooksOfWorktrees(places: readonly GitPlace[]): Promise<Danger[]> {
    const pointers = places.filter(({ kind }) => kind === "pointer");
    if (pointers.length === 0) return [];
    const { configuredPaths } = await import("./configured_paths.ts");
    const roots = this.request.watches.map(({ root }) => SafePath.of(root));
    const { paths } = await configuredPaths({ places: pointers, roots, home: undefined });
    const isNew = (path: SafePath) =>
      pointers.some((pointer) => SafePath.of(pointer.path).parent.contains(path)) &&
      lstat(path) !== undefined;
    return paths.filter(({ path }) => isNew(path)).map(({ path, reason }) => ({
      path: path.toString(),
      reason,
    }));
  }

  async #remember(watch: RepositoryWatch, found: Found, walkedAt: number): Promise<void> {
    const { readIndex, writeIndex } = await import("./repository_index.ts");
    const { stateDirectory, uid, began, clocks } = this.request;
    const before = readIndex(stateDirectory, watch.root);
    writeIndex(
      stateDirectory,
      uid,
      found.stoppedAt === undefined
        ? wholeIndex(watch.root, found, walkedAt, before)
        : partialIndex(watch, found, before, [began.date - CLOCK_LAG_MS, clocks.date()]),
    );
  }
}

// Another run may have ended, unchecked, after this walk had passed.
function wholeIndex(root: string, found: Found, walkedAt: number, before?: RepositoryIndex): RepositoryIndex {
  const isLater = before?.unchecked !== undefined && before.unchecked[1] >= walkedAt;
  return {
    root,
    walkedAt,
    places: [...found.places.values()],
    ...(isLater ? { unchecked: before.unchecked } : {}),
  };
}

function partialIndex(
  { root, known }: RepositoryWatch,
  found: Found,
  before: RepositoryIndex | undefined,
  [begin, end]: readonly [number, number],
): RepositoryIndex {
  const places = new Map([
    ...found.places,
    ...before?.places.map((place) => [place.path, place] as const) ?? [],
  ]);
  const extra = known.filter((path) => !places.has(path)).map((path): GitPlace => ({
    path,
    kind: "directory",
  }));
  return {
    ...(before ?? { root, walkedAt: 0 }),
    places: [...places.values(), ...extra],
    unchecked: [Math.min(begin, before?.unchecked?.[0] ?? Infinity), end],
  };
}

/**
 * Looks at the end of a run for repositories that were not there at its start, and for what in them the host would run.
 *
 * @param act Moves away what was found, while directories that the command had shut are open
 */
export async function checkRepositories<T>(
  request: CheckRequest,
  act: (result: CheckResult) => T,
): Promise<T> {
  const opened = new Opened();
  const check = new Check(request, opened);
  try {
    const results = [];
    for (const watch of request.watches) results.push(await check.root(watch));
    return act({
      dangers: results.flatMap(({ dangers }) => dangers),
      missed: results.flatMap(({ missed }) => missed),
    });
  } finally {
    opened.shut();
  }
}
