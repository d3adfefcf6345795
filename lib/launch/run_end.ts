import type { Plan } from "../plan/plan.ts";
import type { EndCheck } from "./check_end.ts";

/** What is found where nothing is looked for. */
export const NOTHING_FOUND: EndCheck = { setAside: [], missed: [], replaced: [] };

/** The look at the tree when a command has ended. */
export class RunEnd {
  readonly #began = { elapsed: performance.now(), date: Date.now() };

  constructor(
    private readonly plan: Plan,
    private readonly stateDirectory: string,
    private readonly uid: number | null,
  ) {}

  /** Loads what it takes, if anything is looked at: best while the command runs, when there is nothing else to do. */
  load(): Promise<typeof import("./check_end.ts")> | undefined {
    const { watch, watchGlobs, guards, repositories } = this.plan;
    if ([watch, watchGlobs, guards, repositories].every(({ length }) => length === 0)) return undefined;
    return import("./check_end.ts");
  }

  async check(): Promise<EndCheck> {
    const loaded = await this.load();
    return loaded === undefined
      ? NOTHING_FOUND
      : await loaded.checkEnd(this.plan, this.stateDirectory, this.uid, this.#began);
  }
}
