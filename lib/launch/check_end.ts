import type { Plan, Watch } from "../plan/plan.ts";
import { checkRepositories } from "./check_repositories.ts";
import { replacedGuards } from "./replaced_guards.ts";
import { type SetAside, setAside } from "./set_aside.ts";

/** What the end of a run has found in the writable directories. */
export interface EndCheck {
  readonly setAside: readonly SetAside[];
  /** Protected files that a program of the host has replaced meanwhile. */
  readonly replaced: readonly Watch[];
  /** Directories that could not be looked into for what the command has left there. */
  readonly missed: readonly string[];
}

async function newMatches({ watchGlobs }: Plan): Promise<Watch[]> {
  if (watchGlobs.length === 0) return [];
  return (await import("./expand_globs.ts")).newMatches(watchGlobs);
}

/**
 * Moves away what the command has left where the host would run it, or where a rule forbids it.
 *
 * @param began When the run began, by a clock that only goes forward and by the date
 */
export async function checkEnd(
  plan: Plan,
  stateDirectory: string,
  uid: number | null,
  began: { readonly elapsed: number; readonly date: number },
): Promise<EndCheck> {
  const { watch, guards, repositories } = plan;
  const matches = await newMatches(plan);
  const { planted, byHost } = await replacedGuards(guards, stateDirectory, began.date);
  const clocks = { elapsed: () => performance.now(), date: () => Date.now() };
  const request = { watches: repositories, stateDirectory, uid, clocks, began };
  const roots = repositories.map(({ root }) => root);
  const now = () => new Date();
  return await checkRepositories(request, ({ dangers, missed }) => ({
    setAside: setAside([...watch, ...matches, ...planted, ...dangers], stateDirectory, uid, now, roots),
    missed,
    replaced: byHost,
  }));
}
