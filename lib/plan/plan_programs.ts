import type { PathDecider, ProtectionRule } from "../policy/decide_path.ts";
import { decidePath } from "../policy/decide_path.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import type { RunPolicy } from "../policy/run_policy.ts";
import { quote } from "../report/escape.ts";
import type { ProgramFacts } from "./host_facts.ts";
import { INSIDE, type Mount } from "./plan.ts";
import type { PlanRequest } from "./plan_request.ts";

/** Denied programs are hidden: what cannot be read can be neither executed nor copied nor loaded. */
export function programProtections({ deny }: ProgramFacts): ProtectionRule[] {
  return deny.map(({ path, rule: { text, origin } }) => ({
    text,
    origin,
    path,
    denies: "read",
    reason: `${text} (${origin}) denies running it`,
  }));
}

/** The rules about programs, deny before allow also where one of them needs what another denies. */
export function runDecider({ allow, deny }: ProgramFacts): RunDecider {
  if (allow === undefined) return { deny };
  const denied = new Set(deny.map(({ path }) => path.toString()));
  return { allow: allow.filter(({ path }) => !denied.has(path.toString())), deny };
}

/** What Landlock is to let be executed, where there is a list. */
export function executable({ allow }: RunDecider): string[] | undefined {
  return allow === undefined ? undefined : [...new Set(allow.map(({ path }) => path.toString()))];
}

/**
 * What Landlock is to let be executed where everything is allowed but a program that the sandbox itself has brought in
 * under another name: stage2 or its runtime.
 *
 * @returns Everything but the sandbox's own directory; `undefined` where no rule denies what lies there
 */
export function executableBesideRuntime(
  { deny }: RunPolicy,
  programs: ProgramFacts,
  { runtime, ownRuntime }: Pick<PlanRequest, "runtime" | "ownRuntime">,
  mounts: readonly Mount[],
): string[] | undefined {
  const deno = runtime.deno ?? ownRuntime;
  const loader = (runtime.libraries ?? []).slice(0, 1);
  const own = new Set([deno, runtime.stage2, ...loader]);
  // The runtime is a deno, whichever file the user's own is, and also where there is none.
  const denied = programs.deny.some(({ path }) => own.has(path.toString())) ||
    deno !== undefined && deny.some(({ text }) => text.split("/").at(-1) === "deno");
  if (!denied) return undefined;
  // The sandbox has a /run of its own: in it, what is mounted there.
  const below = mounts.map(({ target }) => target)
    .filter((target) => target.startsWith("/run/") && !`${target}/`.startsWith(`${INSIDE}/`));
  return [...programs.topLevel.map(String), ...new Set(below)];
}

/** Allowed programs that the command could replace by whatever it likes. */
export function writableProgramNotices({ allow = [] }: RunDecider, decider: PathDecider): string[] {
  return allow
    .filter(({ path, because }) => because === undefined && decidePath(decider, "write", path).allowed)
    .map(({ path, rule: { text, origin } }) =>
      `${
        quote(path.toString())
      } may be run (${text}, ${origin}) and written: whatever the command puts there, it can run`
    );
}
