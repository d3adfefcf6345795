import type { Confinement, Snapshot } from "../plan/landlock/confinement.ts";
import { escape } from "./escape.ts";

// Hundreds of lines would hide the rest.
const MOST_RULES = 100;
const ACCESS_WIDTH = "read, execute".length;

const OPENED = {
  read: "its entries can be read, and it cannot be listed; what appears there later stays closed",
  write:
    "its entries can be written; nothing can be made, renamed or removed directly in it, and what appears there later stays closed",
} as const;

function snapshotLine({ path, access }: Snapshot): string {
  return `  ${escape(path)}: ${OPENED[access]}`;
}

/** What Landlock holds, as lines for people. */
export function landlockLines({ rules, snapshots, temporary }: Confinement): string[] {
  const shown = rules.slice(0, MOST_RULES);
  return [
    `temporary files: ${escape(temporary)}, removed at the end`,
    ...(snapshots.length === 0 ? [] : [
      "opened entry by entry, as they stand at the start, because something in there is denied or protected:",
      ...snapshots.map(snapshotLine),
    ]),
    `rules of Landlock, all else is closed (${rules.length}):`,
    ...shown.map(({ path, access }) => `  ${access.join(", ").padEnd(ACCESS_WIDTH)}  ${escape(path)}`),
    ...(rules.length > shown.length
      ? [`  ... ${rules.length - shown.length} more (--json has them all)`]
      : []),
    "processes of the host: not shown, but their numbers; not signalled where Landlock holds signals",
  ];
}
