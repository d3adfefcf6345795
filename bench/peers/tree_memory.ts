/** What a process has of one file in memory, and of what is no file's, in KiB. */
interface Share {
  readonly file: string;
  resident: number;
  proportional: number;
  own: number;
}

/** The parts of one `/proc/PID/smaps`, by file; what belongs to no file has the empty name. */
function sharesOf(smaps: string): readonly Share[] {
  const shares = new Map<string, Share>();
  let share: Share | undefined;
  for (const line of smaps.split("\n")) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ (\S+) (\d+)/.exec(line);
    if (mapping !== null) {
      const file = mapping[2] === "0" ? "" : `${mapping[1]} ${mapping[2]}`;
      share = shares.get(file) ?? { file, resident: 0, proportional: 0, own: 0 };
      shares.set(file, share);
    }
    const [, key, text] = /^(Rss|Pss|Anonymous):\s+(\d+) kB/.exec(line) ?? [];
    if (share === undefined) continue;
    if (key === "Rss") share.resident += Number(text);
    if (key === "Pss") share.proportional += Number(text);
    if (key === "Anonymous") share.own += Number(text);
  }
  return [...shares.values()];
}

/**
 * The memory of a process tree: its proportional set size, less what processes outside of it take over. PSS divides
 * the pages of a file among all who map it, and another Deno on the machine would bear a part of tombolo's. So of every
 * file counts, where that is more, as much as the process of the tree has that has most of it.
 *
 * @param smaps The text of `/proc/PID/smaps` of each process of the tree
 * @returns Bytes
 */
export function treeMemory(smaps: readonly string[]): number {
  let kibibytes = 0;
  const files = new Map<string, { most: number; sum: number }>();
  for (const { file, resident, proportional, own } of smaps.flatMap(sharesOf)) {
    // Pages that were written to are the process's own, also where they lie in a file's mapping.
    const shared = file === "" ? 0 : Math.max(0, proportional - own);
    kibibytes += proportional - shared;
    const { most, sum } = files.get(file) ?? { most: 0, sum: 0 };
    files.set(file, { most: Math.max(most, file === "" ? 0 : resident - own), sum: sum + shared });
  }
  for (const { most, sum } of files.values()) kibibytes += Math.max(most, sum);
  return kibibytes * 1024;
}
