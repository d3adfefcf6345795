/** What Landlock lets be done below a path: with files and directories, or with a device. */
export type Access = "read" | "write" | "execute" | "device";

/** One path, and what is let be done there and below it (landlock(7)). */
export interface LandlockRule {
  readonly path: string;
  readonly access: readonly Access[];
}

/** A directory whose entries are opened one by one, because one of them must stay closed. */
export interface Snapshot {
  readonly path: string;
  readonly access: "read" | "write";
}

/** How Landlock and the filter keep a command apart from the host, where there are no namespaces. */
export interface Confinement {
  readonly rules: readonly LandlockRule[];
  /** What appears beside the entries later stays closed, and nothing can be made directly in these. */
  readonly snapshots: readonly Snapshot[];
  /** The fresh directory that stands in for a private /tmp, on the host. */
  readonly temporary: string;
}
