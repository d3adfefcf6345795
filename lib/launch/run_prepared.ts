import type { Plan } from "../plan/plan.ts";
import { DescriptorLeak } from "./descriptor_leak.ts";
import type { RunContext } from "./run_context.ts";
import { runPlan, type RunResult } from "./run_plan.ts";

/**
 * Runs a plan, and where the caller turns out to leak descriptors, the same plan through stage2.
 *
 * @param again Makes the plan again for stage2
 * @throws {TomboloError} where the sandbox could not be built
 * @throws {TreeChanged} where the plan has to be made again; nothing ran
 */
export async function runPrepared(plan: Plan, again: () => Plan, context: RunContext): Promise<RunResult> {
  try {
    return await runHiding(plan, context);
  } catch (error) {
    if (!(error instanceof DescriptorLeak)) throw error;
    return await runHiding(again(), context);
  }
}

async function runHiding(plan: Plan, context: RunContext): Promise<RunResult> {
  if (plan.hides.length === 0) return await runPlan(plan, context);
  const { runBesideSockets } = await import("./hidden_sockets.ts");
  return await runBesideSockets(plan, context.uid, (now) => runPlan(now, context));
}
