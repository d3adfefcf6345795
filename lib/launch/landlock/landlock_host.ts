import type { HostFacts } from "../../plan/host_facts.ts";
import { makeLandlockPlan } from "../../plan/landlock/make_landlock_plan.ts";
import { landlockObstacle, type Weaker } from "../../plan/landlock/obstacle.ts";
import type { Plan } from "../../plan/plan.ts";
import type { PlanRequest } from "../../plan/plan_request.ts";
import type { Policy } from "../../policy/policy.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { type ConfineOptions, type ConfineRequest, ConfineStart } from "./confine_start.ts";
import { entriesOf } from "./entries_of.ts";
import { temporaryPath } from "../temporary_path.ts";

/** A host whose commands Landlock confines. */
export class LandlockHost implements AsyncDisposable {
  #primed: ConfineStart | undefined;
  #version: Promise<number> | undefined;

  /** A warden boots from now on, for the first command that keeps the streams of this process. */
  constructor(private readonly request: ConfineRequest, private readonly weaker: Weaker) {
    this.#primed = ConfineStart.begin(request);
    this.#version = this.#primed.version();
    // It is asked for later, if at all.
    this.#version.catch(() => {});
  }

  /**
   * Makes sure that it can take the place of bubblewrap.
   *
   * @param failure Why bubblewrap is not there
   * @throws {TomboloError} where it cannot: with what is missing of both, and both remedies
   */
  async checkInstead(policy: Policy, failure: TomboloError): Promise<void> {
    const obstacle = landlockObstacle(policy, await this.#version ?? 0, this.weaker);
    if (obstacle === undefined) return;
    const remedies = [failure.remedy, obstacle.remedy].filter((remedy) => remedy !== undefined);
    throw new TomboloError("sandbox", `${failure.message}; and Landlock cannot stand in: ${obstacle.wrong}`, {
      remedy: remedies.join("; or "),
      cause: failure,
    });
  }

  /** As makePlan, for this host and one command. */
  async planner(): Promise<(policy: Policy, facts: HostFacts, request: PlanRequest) => Plan> {
    const version = await this.#version ?? 0;
    const temporary = temporaryPath(this.request.directories.state);
    return (policy, facts, request) =>
      makeLandlockPlan(policy, facts, { ...request, version, weaker: this.weaker, entriesOf, temporary });
  }

  /** The warden of the next command. */
  take(options: ConfineOptions): ConfineStart {
    const primed = options.streams === undefined && options.embedded !== true ? this.#primed : undefined;
    if (primed === undefined) return ConfineStart.begin(this.request, options);
    this.#primed = undefined;
    return primed;
  }

  /** Ends the warden that no command has taken; it has run nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#primed?.[Symbol.asyncDispose]();
  }
}
