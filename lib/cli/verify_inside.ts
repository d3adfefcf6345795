import { verifyPlan } from "../launch/doctor/verify_plan.ts";
import { DescriptorLeak } from "../launch/descriptor_leak.ts";
import { ownProgram } from "../launch/own_program.ts";
import { runPlan } from "../launch/run_plan.ts";
import type { Plan } from "../plan/plan.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { Voice } from "../report/voice.ts";
import type { Trap } from "../verify/trap.ts";
import type { GivenFlag } from "./flags.ts";
import { prepare } from "./prepare.ts";

function readTrap(file: string): Trap {
  try {
    return JSON.parse(Deno.readTextFileSync(file)) as Trap;
  } catch (error) {
    throw new TomboloError("usage", "Cannot verify: --trap is for tombolo doctor --verify itself", {
      cause: error,
    });
  }
}

/**
 * The sandbox of a verification: made as `tombolo run` makes it, around the program that tries to get out.
 *
 * @param file Says what has been laid out
 * @param backend The flags that say which backend is verified
 * @returns The status of that program
 * @throws {TomboloError} where nothing was run
 */
export async function verifyInside(file: string, backend: readonly GivenFlag[]): Promise<number> {
  const { work } = readTrap(file);
  const { plan, planThroughStage2, context } = await prepare(
    [...backend, { name: "cwd", written: "--verify", value: work }],
    [],
    { runs: true, needsRuntime: true },
  );
  const voice = new Voice({ quiet: true, verbose: false, json: false });
  const own = ownProgram();
  const { state } = context.directories;
  const files = { deno: await own.deno(state), program: await own.verifier(state), trap: file };
  // Whoever reads this wants to know, and the command says nothing before it is started.
  console.log(plan.launcher.kind === "landlock" ? "landlock" : "bubblewrap");
  const run = (each: Plan) =>
    runPlan(verifyPlan(each, files), {
      ...context,
      onEvent: () => {},
      voice,
    });
  try {
    return (await run(plan)).status;
  } catch (error) {
    if (!(error instanceof DescriptorLeak)) throw error;
    return (await run(planThroughStage2())).status;
  }
}
