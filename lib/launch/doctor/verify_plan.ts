import { STAGE2_ENVIRONMENT, STAGE2_FLAGS } from "../stage2_flags.ts";
import { INSIDE, type Mount, type Plan } from "../../plan/plan.ts";

const PROGRAM = `${INSIDE}/verify.js`;
const TRAP = `${INSIDE}/verify.json`;

/** The files that a verification runs from, on the host. */
export interface VerifyFiles {
  /** The bundle that makes the attempts. */
  readonly program: string;
  /** What has been laid out, as JSON. */
  readonly trap: string;
}

/**
 * The plan of a sandbox in which the command tries to get out. It has the environment and every wall of the plan, and a
 * runtime that may do everything: nothing but the walls is to stand in its way.
 *
 * @param plan A plan with a runtime
 */
export function verifyPlan(plan: Plan, files: VerifyFiles): Plan {
  const { runtime } = plan;
  if (runtime === undefined) throw new TypeError("Cannot verify: the plan has no runtime");
  const mounts: Mount[] = [
    { kind: "file", source: files.program, target: PROGRAM },
    { kind: "file", source: files.trap, target: TRAP },
  ];
  const self = [...runtime, ...STAGE2_FLAGS, "--allow-all", PROGRAM];
  return {
    ...plan,
    mounts: [...plan.mounts, ...mounts],
    command: [...self, "attempt", TRAP, ...self],
    environment: new Map([...plan.environment, ...Object.entries(STAGE2_ENVIRONMENT)]),
  };
}
