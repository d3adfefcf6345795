import type { Contender } from "./contender.ts";
import { IdleSandbox } from "./idle_sandbox.ts";
import { type Process, stillRunning, treeOf } from "../process_tree.ts";
import type { Stage } from "./stage.ts";

/** What a tool has in the working directory, which was empty, and what outlives it. */
export interface Remains {
  readonly whileRunning: readonly string[];
  readonly afterEnd: readonly string[];
  readonly afterKill: readonly string[];
  readonly survivors: readonly string[];
}

const PATIENCE = 2000;
const PAUSE = 50;

/** The names in a directory, sorted. */
function namesIn(directory: string): readonly string[] {
  return Array.from(Deno.readDirSync(directory), ({ name }) => name).sort();
}

/** Those of the processes that are still there after all had time to end; they are ended. */
async function endSurvivors(processes: readonly Process[]): Promise<readonly string[]> {
  const deadline = performance.now() + PATIENCE;
  const remaining = () => processes.map(stillRunning).filter((process) => process !== undefined);
  while (remaining().length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  const survivors = remaining();
  for (const survivor of survivors) {
    try {
      if (stillRunning(survivor) !== undefined) Deno.kill(survivor.pid, "SIGKILL");
    } catch (error) {
      // With bubblewrap's first process its namespace goes, and this one with it.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return survivors.map(({ name }) => name);
}

/**
 * Looks at an empty working directory while a command runs, after it has ended, and after the tool was ended with
 * SIGKILL, and for processes that outlive that by two seconds.
 *
 * @throws If the tool does not run
 */
export async function findRemains(contender: Contender, stage: Stage): Promise<Remains> {
  const directory = await stage.emptyDirectory();
  let whileRunning: readonly string[];
  {
    await using _sandbox = await IdleSandbox.start(contender, "one host", stage, directory);
    whileRunning = namesIn(directory);
  }
  const afterEnd = namesIn(directory);
  const other = await stage.emptyDirectory();
  await using killed = await IdleSandbox.start(contender, "one host", stage, other);
  const tree = treeOf(killed.pid);
  await killed.kill();
  const survivors = await endSurvivors(tree);
  return { whileRunning, afterEnd, afterKill: namesIn(other), survivors };
}
