import type { Contender, Network } from "./contender.ts";
import { IdleSandbox } from "./idle_sandbox.ts";
import { treeOf } from "../process_tree.ts";
import { Series } from "./series.ts";
import type { Stage } from "./stage.ts";
import { treeMemory } from "./tree_memory.ts";

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
    const tree = treeOf(sandbox.pid);
    return [treeMemory(tree.map(({ pid }) => Deno.readTextFileSync(`/proc/${pid}/smaps`)))];
  });
  return series;
}
