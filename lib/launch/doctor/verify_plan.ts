import { STAGE2_ENVIRONMENT, STAGE2_FLAGS } from "../../plan/stage2_flags.ts";
import type { Confinement, LandlockRule } from "../../plan/landlock/confinement.ts";
import { INSIDE, type Mount, type Plan } from "../../plan/plan.ts";

const PROGRAM = `${INSIDE}/verify.js`;
const TRAP = `${INSIDE}/verify.json`;

/** The files that a verification runs from, on the host. */
export interface VerifyFiles {
  /** The Deno that runs it. */
  readonly deno: string;
  /** The bundle that makes the attempts. */
  readonly program: string;
  /** What has been laid out, as JSON. */
  readonly trap: string;
}

function mounted(plan: Plan, runtime: readonly string[], files: VerifyFiles): Plan {
  const mounts: Mount[] = [
    { kind: "file", source: files.program, target: PROGRAM },
    { kind: "file", source: files.trap, target: TRAP },
  ];
  const self = [...runtime, ...STAGE2_FLAGS, "--allow-all", PROGRAM];
  return { ...plan, mounts: [...plan.mounts, ...mounts], command: [...self, "attempt", TRAP, ...self] };
}

// Where nothing is mounted the files are used where they are.
function opened(plan: Plan, confinement: Confinement, { deno, program, trap }: VerifyFiles): Plan {
  const rules: LandlockRule[] = [
    { path: deno, access: ["read", "execute"] },
    { path: program, access: ["read"] },
    { path: trap, access: ["read"] },
  ];
  const self = [deno, ...STAGE2_FLAGS, "--allow-all", program];
  return {
    ...plan,
    launcher: { kind: "landlock", confinement: { ...confinement, rules: [...confinement.rules, ...rules] } },
    command: [...self, "attempt", trap, ...self],
  };
}

/**
 * The plan of a sandbox in which the command tries to get out. It has the environment and every wall of the plan, and a
 * runtime that may do everything: nothing but the walls is to stand in its way.
 *
 * @param plan A plan with a runtime, or one of Landlock's
 */
export function verifyPlan(plan: Plan, files: VerifyFiles): Plan {
  const { runtime, launcher } = plan;
  const environment = new Map([...plan.environment, ...Object.entries(STAGE2_ENVIRONMENT)]);
  if (launcher.kind === "landlock") return { ...opened(plan, launcher.confinement, files), environment };
  if (runtime === undefined) throw new TypeError("Cannot verify: the plan has no runtime");
  return { ...mounted(plan, runtime, files), environment };
}
