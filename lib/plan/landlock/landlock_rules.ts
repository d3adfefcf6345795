import type { Mount } from "../plan.ts";
import type { Access, LandlockRule, Snapshot } from "./confinement.ts";
import { type Entries, openTrees, type TreeNode } from "./open_trees.ts";

/** Devices that every program may expect; /dev/pts is not among them: the terminals of other shells are in it. */
const DEVICES: readonly LandlockRule[] = [
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/random",
  "/dev/urandom",
  "/dev/tty",
  "/dev/ptmx",
].map((path) => ({ path, access: ["read", "write", "device"] }));

/** What of /proc is about the machine. What is about processes is the host's, and stays closed. */
const PROC = [
  "cpuinfo",
  "devices",
  "filesystems",
  "loadavg",
  "meminfo",
  "misc",
  "modules",
  "stat",
  "swaps",
  "uptime",
  "version",
  "vmstat",
  "sys",
].map((name): LandlockRule => ({ path: `/proc/${name}`, access: ["read"] }));

const READABLE: readonly Mount["kind"][] = ["read", "write"];
const WRITABLE: readonly Mount["kind"][] = ["write"];
/** No place of the host's. */
const NO_PLACE: readonly Mount["kind"][] = ["symlink", "seal", "orders", "socket", "publish-socket"];

function nodes(mounts: readonly Mount[], kinds: readonly Mount["kind"][]): TreeNode[] {
  return mounts.filter(({ kind }) => !NO_PLACE.includes(kind)).map(({ kind, target }) => ({
    path: target,
    allowed: kinds.includes(kind),
  }));
}

// One rule a path: the kernel would join them too.
function joined(rules: readonly LandlockRule[]): LandlockRule[] {
  const byPath = new Map<string, Access[]>();
  for (const { path, access } of rules) {
    const known = byPath.get(path);
    if (known === undefined) byPath.set(path, [...access]);
    else known.push(...access.filter((one) => !known.includes(one)));
  }
  return Array.from(byPath, ([path, access]) => ({ path, access }));
}

/** What the view of files becomes. */
export interface LandlockView {
  readonly rules: readonly LandlockRule[];
  readonly snapshots: readonly Snapshot[];
}

/**
 * Turns the view of files, as it would be mounted, into rules of Landlock.
 *
 * @param mounts The mounts of the view, each path once
 * @param entriesOf Lists directories
 * @param execute The only files that may be executed, and directories whose files may be; `undefined` for all that can
 * be read
 */
export function landlockRules(
  mounts: readonly Mount[],
  entriesOf: Entries,
  execute: readonly string[] | undefined,
): LandlockView {
  const read = openTrees(nodes(mounts, READABLE), entriesOf);
  const write = openTrees(nodes(mounts, WRITABLE), entriesOf);
  const reading: readonly Access[] = execute === undefined ? ["read", "execute"] : ["read"];
  return {
    rules: joined([
      ...read.trees.map((path) => ({ path, access: reading })),
      ...write.trees.map((path) => ({ path, access: ["write"] as const })),
      ...(execute ?? []).map((path) => ({ path, access: ["execute"] as const })),
      ...DEVICES,
      ...PROC,
    ]),
    snapshots: [
      ...read.split.map((path) => ({ path, access: "read" as const })),
      ...write.split.map((path) => ({ path, access: "write" as const })),
    ],
  };
}
