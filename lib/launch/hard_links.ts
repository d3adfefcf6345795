import { lstat } from "../paths/resolve_path.ts";
import type { Mount, Plan } from "../plan/plan.ts";

/** A file that is guarded at one path and has other names, at which it is not. */
export interface HardLinked {
  readonly path: string;
  /** How many names it has in all. */
  readonly names: number;
}

/** A guarded directory with more in it is not looked through: this only serves to warn. */
const MOST_ENTRIES = 10_000;

function filesOf(directory: string, left: { entries: number }): string[] {
  try {
    return Array.from(Deno.readDirSync(directory)).flatMap((entry) => {
      if (left.entries-- <= 0) return [];
      const path = `${directory}/${entry.name}`;
      if (entry.isDirectory) return filesOf(path, left);
      return entry.isFile ? [path] : [];
    });
  } catch {
    // Not readable, or gone.
    return [];
  }
}

function guardedFiles({ kind, target }: Mount, left: { entries: number }): string[] {
  if (kind === "mask-file") return [target];
  if (kind === "mask-directory") return filesOf(target, left);
  return kind === "read" && lstat(target)?.isFile ? [target] : [];
}

/** The files of a plan that are hidden, or kept from being written, and can be reached by other names (link(2)). */
export function hardLinkedGuards({ mounts, orders, run }: Plan): HardLinked[] {
  // Their other names are guarded too, or a notice of the plan says that they are not.
  const programs = new Set(run?.deny.map(({ path }) => path.toString()));
  const left = { entries: MOST_ENTRIES };
  return [...mounts, ...orders.mounts ?? []].flatMap((mount) => guardedFiles(mount, left)).flatMap((path) => {
    const names = lstat(path)?.nlink ?? 1;
    return names > 1 && !programs.has(path) ? [{ path, names }] : [];
  });
}
