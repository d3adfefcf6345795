/** A process and what descends from it, as `/proc` shows it. */

/** One process; with the time at which it started no later one can be taken for it. */
export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly started: string;
  /** The letter of proc_pid_stat(5): `R` runs, `S` sleeps. */
  readonly state: string;
}

/** What `/proc` says about a process, or nothing where it has ended; a zombie has ended. */
function look(pid: number): Process | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const end = stat.lastIndexOf(")");
    const [state = "", parent, ...rest] = stat.slice(end + 2).split(" ");
    if (state === "Z" || state === "X") return undefined;
    return {
      pid,
      parent: Number(parent),
      name: stat.slice(stat.indexOf("(") + 1, end),
      started: rest[17] ?? "",
      state,
    };
  } catch {
    return undefined;
  }
}

/** A process and all that descend from it. */
export function treeOf(root: number): readonly Process[] {
  const all: Process[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const process = /^\d+$/.test(name) ? look(Number(name)) : undefined;
    if (process !== undefined) all.push(process);
  }
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** This very process as it is now, or nothing where it has ended. */
export function stillRunning({ pid, started }: Process): Process | undefined {
  const now = look(pid);
  return now?.started === started ? now : undefined;
}

/** The proportional set size of a process tree, in bytes. */
export function pssOf(root: number): number {
  let total = 0;
  for (const { pid } of treeOf(root)) {
    try {
      const rollup = Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`);
      total += Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
    } catch {
      // It ended meanwhile.
    }
  }
  return total;
}
