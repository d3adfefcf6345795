import { TomboloError } from "../report/tombolo_error.ts";
import type { LateMount } from "./launch_orders.ts";
import type { Mount } from "./plan.ts";

/**
 * From here on stage2 makes the mounts that it can: bubblewrap reads the whole mount table for every one of its own, so
 * that its time grows with the square of their number. Measured: 100 take it 22 ms, 1000 more than a second; stage2
 * takes 10 ms to start and 15 microseconds for each.
 */
const MOST_BY_BWRAP = 40;

/** What bubblewrap gets where stage2 may make none: it takes a third of a second for them. */
const MOST_BY_BWRAP_ALONE = 500;

/** The kernel's own bound for all mounts of a namespace is 100,000 (fs.mount-max). */
const MOST_MOUNTS = 20_000;

/** Which mounts are left to stage2, as far as it can make them: as many as it takes, all, or none. */
export type LateMounts = "many" | "all" | "none";

/** Mounts parted by who makes them. */
export interface PartedMounts {
  readonly mounts: readonly Mount[];
  /** In order, after all others. */
  readonly late: readonly LateMount[];
}

function parentsOf(target: string): string[] {
  const parts = target.split("/").slice(1, -1);
  return ["/", ...parts.map((_, index) => "/" + parts.slice(0, index + 1).join("/"))];
}

function isLateKind(mount: Mount): mount is LateMount {
  return mount.kind === "read" || mount.kind === "write" || mount.kind === "mask-file" ||
    mount.kind === "mask-directory";
}

/**
 * Chooses the mounts that can be made last, on what is mounted by then: those on a file or directory of the host that is
 * seen already, with nothing below that has to come earlier.
 *
 * @param mounts In order
 * @throws {TomboloError} where there are more than anybody can make
 */
export function partMounts(mounts: readonly Mount[], choice: LateMounts = "many"): PartedMounts {
  refuseTooMany(mounts.length, choice === "none" ? MOST_BY_BWRAP_ALONE : MOST_MOUNTS);
  if (choice === "none") return { mounts, late: [] };
  const over = new Map<string, Mount>();
  const above = (target: string) => {
    const at = parentsOf(target).findLast((parent) => over.has(parent));
    return at === undefined ? undefined : over.get(at);
  };
  const possible = new Set<Mount>();
  for (const mount of mounts) {
    if (mount.kind === "seal") continue;
    const around = above(mount.target);
    // What can only be read cannot be made writable again from inside.
    const fits = mount.kind === "write"
      ? around?.kind === "write"
      : around?.kind === "read" || around?.kind === "write";
    if (fits && isLateKind(mount)) possible.add(mount);
    over.set(mount.target, mount);
  }
  const early = new Set(
    mounts.filter((mount) => mount.kind !== "seal" && !possible.has(mount)).flatMap(({ target }) =>
      parentsOf(target)
    ),
  );
  const late = mounts.filter(isLateKind).filter((mount) => possible.has(mount) && !early.has(mount.target));
  if (late.length === 0 || (choice === "many" && late.length <= MOST_BY_BWRAP)) return { mounts, late: [] };
  const chosen = new Set<Mount>(late);
  return { mounts: mounts.filter((mount) => !chosen.has(mount)), late };
}

function refuseTooMany(mounts: number, most: number): void {
  if (mounts <= most) return;
  throw new TomboloError(
    "policy",
    `Cannot guard ${mounts} paths one by one: ${most} is the most${
      most === MOST_MOUNTS ? "" : " on this host"
    }`,
    { remedy: "deny the directories that hold them" },
  );
}
