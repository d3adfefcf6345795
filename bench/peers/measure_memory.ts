import type { Contender, Network } from "./contender.ts";
import { IdleSandbox } from "./idle_sandbox.ts";
import { treeOf } from "../process_tree.ts";
import { Series } from "./series.ts";
import type { Stage } from "./stage.ts";
import { treeMemory } from "./tree_memory.ts";

/** How long `sleep` may take until it sleeps, in looks of a few milliseconds. */
const MOST_LOOKS = 400;
const REST_MS = 5;

// Until it is executed, it is a shell once more, and its memory counts as that; until it sleeps, it is still being
// loaded, and has less than it will have.
async function settledTree(root: number): Promise<ReturnType<typeof treeOf>> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const tree = treeOf(root);
    if (tree.some(({ name, state }) => name === "sleep" && state === "S")) return tree;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
  }
  throw new Error("no command runs inside");
}

/**
 * The memory of a tool's whole process tree while `sleep` runs inside, in bytes (see `treeMemory`).
 *
 * @param rounds Turns of each contender
 */
export async function measureMemory(
  contenders: readonly Contender[],
  network: Network,
  stage: Stage,
  rounds: number,
): Promise<Series> {
  const series = new Series();
  await series.take(rounds, contenders, async (contender) => {
    await using sandbox = await IdleSandbox.start(contender, network, stage, stage.work);
    const tree = await settledTree(sandbox.pid);
    return [treeMemory(tree.map(({ pid }) => Deno.readTextFileSync(`/proc/${pid}/smaps`)))];
  });
  return series;
}
