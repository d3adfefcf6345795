import type { SafePath } from "../paths/safe_path.ts";
import type { ViewOf } from "./path_views.ts";

/**
 * The directories between a writable root and what is guarded in it: moved away and made anew, they would take the guard
 * with them.
 *
 * @param guarded Paths that exist and may not be written, or not be seen
 */
export function pinnedDirectories(guarded: Iterable<SafePath>, viewOf: ViewOf): Set<string> {
  const pins = Array.from(guarded).filter((path) => viewOf(path.parent) === "write").flatMap((path) =>
    path.ancestors().filter((at) => at.depth > 0 && viewOf(at) === "write" && viewOf(at.parent) === "write")
  );
  return new Set(pins.map(String));
}
