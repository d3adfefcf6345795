import type { Mount } from "./plan.ts";

/** Free in the starting shell, which knows only descriptors of one digit: 7 to 9 have other uses. */
const DESCRIPTORS: readonly number[] = [3, 4, 5, 6];

/**
 * Has directories of the host opened by the starting shell, which looks that no link leads there, and mounted by their
 * descriptors (bwrap(1), --bind-fd): what takes their place afterwards is not mounted.
 *
 * @param mounts Those that bubblewrap makes, in order; the first directories that fit are held
 * @param isDirectory Whether a target is one
 */
export function holdRoots(mounts: readonly Mount[], isDirectory: (target: string) => boolean): Mount[] {
  const free = [...DESCRIPTORS];
  const fits = (mount: Mount) =>
    (mount.kind === "write" || mount.kind === "read") && mount.target !== "/" && isDirectory(mount.target);
  return mounts.map((mount): Mount => {
    const held = fits(mount) ? free.shift() : undefined;
    return held === undefined || (mount.kind !== "read" && mount.kind !== "write")
      ? mount
      : { ...mount, held };
  });
}

/** The targets that are held, with their descriptors. */
export function heldRoots(mounts: readonly Mount[]): { readonly held: number; readonly target: string }[] {
  return mounts.flatMap((mount) =>
    (mount.kind === "read" || mount.kind === "write") && mount.held !== undefined
      ? [{ held: mount.held, target: mount.target }]
      : []
  );
}

/**
 * What bubblewrap mounts by path, so that a link could have misled it: stage2 looks whether it stands where it should.
 */
export function mountsToCheck(mounts: readonly Mount[]): string[] {
  const elsewhere = /^\/(?:run|tmp|dev|proc)(?:\/|$)|^\/$/;
  const kinds: readonly Mount["kind"][] = [
    "read",
    "write",
    "mask-file",
    "mask-directory",
    "tmpfs",
    "unix-socket",
  ];
  return mounts.filter(({ kind, target }) => kinds.includes(kind) && !elsewhere.test(target))
    .map(({ target }) => target);
}
