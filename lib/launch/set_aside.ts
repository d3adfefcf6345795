import { lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Watch } from "../plan/plan.ts";
import { Listings } from "./listings.ts";
import { privateDirectory, writeAtomically } from "./state_directory.ts";

/** Something that appeared where a rule forbids it. */
export interface SetAside {
  readonly watch: Watch;
  /** What stood there: the watched path, or a link on the way to it. */
  readonly path: string;
  /** Where it is now; absent where it could not be moved. */
  readonly to?: string;
  /** Why it could not be moved. */
  readonly failure?: string;
}

function copy(from: string, to: string): void {
  const info = Deno.lstatSync(from);
  if (info.isSymlink) return Deno.symlinkSync(Deno.readLinkSync(from), to);
  if (info.isFile) return Deno.copyFileSync(from, to);
  if (!info.isDirectory) return;
  Deno.mkdirSync(to);
  for (const { name } of Deno.readDirSync(from)) copy(`${from}/${name}`, `${to}/${name}`);
}

// The command may have taken its owner's permissions away, to keep what it left from being moved.
function openUp(path: string): void {
  const info = lstat(path);
  if (info === undefined || info.isSymlink) return;
  const wanted = info.isDirectory ? 0o700 : 0o600;
  if (((info.mode ?? 0) & wanted) !== wanted) Deno.chmodSync(path, ((info.mode ?? 0) & 0o777) | wanted);
  if (info.isDirectory) { for (const { name } of Deno.readDirSync(path)) openUp(`${path}/${name}`); }
}

function move(from: string, to: string): void {
  const parent = SafePath.of(from).parent.toString();
  const mode = (Deno.lstatSync(parent).mode ?? 0) & 0o777;
  if ((mode & 0o700) !== 0o700) Deno.chmodSync(parent, mode | 0o700);
  try {
    openUp(from);
    try {
      Deno.renameSync(from, to);
    } catch {
      // The state directory may be on another file system (EXDEV).
      copy(from, to);
      Deno.removeSync(from, { recursive: true });
    }
  } finally {
    if ((mode & 0o700) !== 0o700) Deno.chmodSync(parent, mode);
  }
}

/** What is written down beside each thing that was set aside, in `N.json` for `N-NAME`. */
export interface SetAsideRecord {
  /** Where it stood. */
  readonly from: string;
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly reason: string;
}

// A watched path crossed no link at the start: one on the way has been planted, wherever it leads. Not so one at a
// writable root or above it: that was not done from inside, and what lies behind it is none of this run's.
function whatAppeared(watch: Watch, listings: Listings, roots: readonly SafePath[]): string | undefined {
  if (listings.isAbsent(watch.path)) return undefined;
  const { kind, links: [link] } = resolvePath(SafePath.of(watch.path));
  if (link === undefined) return kind === undefined ? undefined : watch.path;
  const isInside = roots.some((root) => root.contains(link) && !root.equals(link));
  return isInside || roots.length === 0 ? link.toString() : undefined;
}

/** Why a watched path may not appear, as a phrase. */
export function reasonOf({ rule }: Watch): string {
  return "reason" in rule ? rule.reason : `denied by ${rule.text} (${rule.origin})`;
}

/**
 * Moves what has appeared at watched paths into the state directory: no placeholder could be mounted there, because a
 * mount point would have been created in the user's tree.
 *
 * @param roots Real paths of the directories that could be written
 * @returns What was found, moved or not
 */
export function setAside(
  watches: readonly Watch[],
  stateDirectory: string,
  uid: number | null,
  now: () => Date,
  roots: readonly string[] = [],
): SetAside[] {
  const done = new Set<string>();
  const listings = new Listings();
  const within = roots.map((root) => SafePath.of(root));
  const time = now().toISOString();
  const run = `${time.replaceAll(":", "")}-${Deno.pid}`;
  return watches.flatMap((watch, index): SetAside[] => {
    const path = whatAppeared(watch, listings, within);
    if (path === undefined || done.has(path)) return [];
    done.add(path);
    try {
      const parent = privateDirectory(`${stateDirectory}/set-aside`, uid);
      const place = privateDirectory(`${parent}/${run}`, uid);
      const to = `${place}/${index}-${SafePath.of(path).name}`;
      const record: SetAsideRecord = { from: path, time, reason: reasonOf(watch) };
      writeAtomically(`${place}/${index}.json`, JSON.stringify(record) + "\n");
      move(path, to);
      return [{ watch, path, to }];
    } catch (error) {
      // Another run was quicker.
      if (lstat(path) === undefined) return [];
      return [{ watch, path, failure: error instanceof Error ? error.message : String(error) }];
    }
  });
}
