/** A published flaw of bubblewrap. */
export interface Advisory {
  readonly id: string;
  /** The first version that has it no more. */
  readonly fixed: string;
  /** What it means for tombolo, as a phrase. */
  readonly cost: string;
}

/**
 * Those that bear on a sandbox. Left out is what only a setuid bubblewrap has (CVE-2020-5291, CVE-2026-41163), which
 * tombolo does not run, and what is older than the oldest that works (0.5).
 */
export const ADVISORIES: readonly Advisory[] = [
  {
    id: "CVE-2026-87766",
    fixed: "0.12.0",
    cost:
      "where it makes a mount point it follows links to places outside; tombolo has it make none below a link, and only that stands in the way",
  },
];

function parts(version: string): number[] {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}

/** Whether a version is before another one; both are numbers with dots. */
export function isBefore(version: string, other: string): boolean {
  const [left, right] = [parts(version), parts(other)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/**
 * The advisories that hold for a bubblewrap.
 *
 * @param version As `bwrap --version` says it
 * @param fixes What the distribution has fixed by itself
 */
export function openAdvisories(version: string, fixes: readonly string[]): Advisory[] {
  return ADVISORIES.filter(({ id, fixed }) => isBefore(version, fixed) && !fixes.includes(id));
}
