import type { Contender } from "./contender.ts";
import { runCommand } from "./run_command.ts";
import type { Stage } from "./stage.ts";

/** Why a tool does not run here, or nothing if it does. */
async function failureOf(contender: Contender, stage: Stage): Promise<Error | undefined> {
  try {
    for (const network of ["no network", "one host"] as const) {
      await runCommand(contender.argv(network, ["true"], stage.work), { cwd: stage.work, env: stage.env });
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/**
 * Tries each tool once, before anything is measured; what a first start has to set up is set up with that.
 *
 * @returns The same tools; of one that does not run, every measurement fails with the reason that it gave
 */
export async function checkContenders(
  contenders: readonly Contender[],
  stage: Stage,
): Promise<readonly Contender[]> {
  const checked: Contender[] = [];
  for (const contender of contenders) {
    const failure = await failureOf(contender, stage);
    const fail = () => {
      throw failure;
    };
    checked.push(failure === undefined ? contender : { name: contender.name, argv: fail });
  }
  return checked;
}
