import { fileId, lstat, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Guard, Watch } from "../plan/plan.ts";

/** What stands at protected paths in place of what stood there at the start. */
export interface Replaced {
  /** Another run has set the first aside: what has come after it was not guarded, and goes the same way. */
  readonly planted: readonly Watch[];
  /** A program of the host, an editor perhaps, has put another file there; from then on it was not guarded. */
  readonly byHost: readonly Watch[];
}

// No mount holds a link in its place.
function isLedElsewhere({ path, leadsTo }: Guard): boolean {
  if (leadsTo === undefined || lstat(path) === undefined) return false;
  return resolvePath(SafePath.of(path)).real.toString() !== leadsTo;
}

/**
 * Finds protected files that are no longer the ones that were mounted: a rename on the host takes the mount away
 * (rename(2) in another mount namespace), inside nothing can.
 *
 * @param began When the run began, in milliseconds since the epoch
 */
export async function replacedGuards(
  guards: readonly Guard[],
  stateDirectory: string,
  began: number,
): Promise<Replaced> {
  const replaced = guards.filter(({ path, id }) => {
    const info = id === undefined ? undefined : lstat(path);
    return info !== undefined && fileId(info) !== id;
  });
  const links = guards.filter(isLedElsewhere);
  if (replaced.length === 0) return { planted: links, byHost: [] };
  const { storedThings } = await import("./set_aside_store.ts");
  const moved = new Set(
    storedThings(stateDirectory).filter(({ time }) => Date.parse(time) >= began).map(({ from }) => from),
  );
  return {
    planted: [...links, ...replaced.filter(({ path }) => moved.has(path))],
    byHost: replaced.filter(({ path }) => !moved.has(path)),
  };
}
