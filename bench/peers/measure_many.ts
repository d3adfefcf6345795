import type { Contender, Network } from "./contender.ts";
import { Series } from "./series.ts";
import type { Stage } from "./stage.ts";

/** How many sandboxes are started at once. */
export const MANY = 16;

/** What many starts at once came to: seconds until the last one had ended, and how many succeeded. */
export interface Many {
  readonly seconds: Series;
  readonly succeeded: Series;
}

/** Runs a command to its end. */
async function run(argv: readonly string[], cwd: string, stage: Stage): Promise<boolean> {
  const [program = "", ...args] = argv;
  const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return (await new Deno.Command(program, { args, cwd, env: stage.env, ...quiet }).spawn().status).success;
}

/** Whether each sandbox has a directory of its own to work in, or all share one. */
export type Directories = "a directory each" | "one directory";

/**
 * Starts many sandboxes at once, with `true` inside.
 *
 * @param rounds Turns of each contender
 */
export async function measureMany(
  contenders: readonly Contender[],
  network: Network,
  directories: Directories,
  stage: Stage,
  rounds: number,
): Promise<Many> {
  const many = { seconds: new Series(), succeeded: new Series() };
  const place = () => directories === "one directory" ? stage.work : stage.emptyDirectory();
  await many.seconds.take(rounds, contenders, async (contender) => {
    const places = await Promise.all(Array.from({ length: MANY }, place));
    const begin = performance.now();
    const all = await Promise.all(
      places.map((cwd) => run(contender.argv(network, ["true"], cwd), cwd, stage)),
    );
    const seconds = (performance.now() - begin) / 1000;
    many.succeeded.add(contender, [all.filter((success) => success).length]);
    return [seconds];
  });
  return many;
}
