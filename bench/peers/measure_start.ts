import type { Contender, Network } from "./contender.ts";
import { runCommand } from "./run_command.ts";
import { Series } from "./series.ts";
import type { Stage } from "./stage.ts";

const RUNS = 3;

/** A word of a command line, as hyperfine splits it. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * Seconds from the start of a tool to the end of `true` inside, by hyperfine, three runs a turn.
 *
 * @param rounds Turns of each contender
 */
export async function measureStart(
  contenders: readonly Contender[],
  network: Network,
  stage: Stage,
  rounds: number,
): Promise<Series> {
  const report = stage.path("hyperfine.json");
  const series = new Series();
  await series.take(rounds, contenders, async (contender) => {
    const argv = contender.argv(network, ["true"], stage.work);
    const options = { cwd: stage.work, env: stage.env };
    const flags = ["-N", "--style=none", "--warmup=0", `--runs=${RUNS}`, `--export-json=${report}`];
    await runCommand(["hyperfine", ...flags, argv.map(quoted).join(" ")], options);
    const { results } = JSON.parse(await Deno.readTextFile(report)) as { results: { times: number[] }[] };
    return results[0]?.times ?? [];
  });
  return series;
}
