import type { Plan } from "../../plan/plan.ts";
import { type ProfileContext, seatbeltProfile } from "../../plan/seatbelt/profile.ts";
import type { SeatbeltRules } from "../../plan/seatbelt/seatbelt_rules.ts";
import type { Start } from "../starter.ts";
import { SEATBELT_START_SCRIPT } from "./start_script.ts";

/** The only place that it is taken from: whatever else is called so may be planted. */
export const SANDBOX_EXEC = "/usr/bin/sandbox-exec";

/** What of the host a start needs beside the plan. */
export interface SeatbeltContext extends ProfileContext {
  /** Absolute path of sandbox-exec. */
  readonly sandboxExec: string;
  /** Soft limit of open files of the caller, which the runtime has raised. */
  readonly openFiles: string | undefined;
  /** What makes the command's clients use the gateway. */
  readonly proxy?: ReadonlyMap<string, string>;
}

/** The rules of a plan for Seatbelt. */
export function seatbeltRules({ launcher }: Plan): SeatbeltRules {
  if (launcher.kind === "seatbelt") return launcher.rules;
  throw new TypeError(`Cannot run under Seatbelt: the plan is for ${launcher.kind}`);
}

// The host's /tmp is not there; zsh has its own idea of where to put here-documents.
function withTemporary({ environment }: Plan, temporary: string): ReadonlyMap<string, string> {
  return new Map([
    ["TMPPREFIX", `${temporary}/zsh`],
    ...environment,
    ...(environment.get("TMPDIR") === "/tmp" ? [["TMPDIR", temporary] as const] : []),
  ]);
}

/**
 * Arguments of sandbox-exec for a plan.
 *
 * @param command What it is to execute
 * @returns Arguments after the program's name
 */
export function sandboxExecArguments(
  plan: Plan,
  context: ProfileContext,
  command: readonly string[] = plan.command,
): string[] {
  const { text, parameters } = seatbeltProfile({ ...plan, rules: seatbeltRules(plan) }, context);
  const values = Array.from(parameters, ([key, value]) => ["-D", `${key}=${value}`]).flat();
  return ["-p", text, ...values, "--", ...command];
}

/**
 * What the starting shell is called with.
 *
 * @throws {TomboloError} where the profile is longer than the system takes
 */
export function seatbeltStart(plan: Plan, context: SeatbeltContext): Start {
  const { openFiles, cpuTime, fileSize } = seatbeltRules(plan).limits;
  const limits = [openFiles, cpuTime, fileSize].map((limit) => limit === undefined ? "-" : String(limit));
  return {
    args: [
      "-c",
      SEATBELT_START_SCRIPT,
      "sh",
      context.openFiles ?? "-",
      ...limits,
      context.sandboxExec,
      ...sandboxExecArguments(plan, context),
    ],
    env: Object.fromEntries([...withTemporary(plan, context.temporary), ...context.proxy ?? []]),
  };
}
