import type { Plan } from "../plan/plan.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { limitsReached, type LimitsVerdict } from "./limits_reached.ts";
import type { Scope } from "./scope.ts";

/** The limits of one run: the scope that holds some of them, and what is known of all at the end. */
export class RunLimits implements AsyncDisposable {
  readonly #started = performance.now();

  private constructor(private readonly plan: Plan, private readonly scope: Scope | undefined) {}

  /** @throws {TomboloError} where a scope is needed and cannot be made */
  static async open(plan: Plan): Promise<RunLimits> {
    const { held, launcher } = plan;
    if (held?.scope === undefined) return new RunLimits(plan, undefined);
    const { Scope } = await import("./scope.ts");
    return new RunLimits(plan, await Scope.open(held.scope, launcher.kind));
  }

  /** Directory of the control group that everything is to run in. */
  get scopePath(): string | undefined {
    return this.scope?.path;
  }

  /**
   * Says which limits were met; what still runs in the scope is ended.
   *
   * @param status The command's own
   * @param timedOut Whether its wall time was over
   */
  async verdict(status: number, timedOut: boolean): Promise<LimitsVerdict> {
    const counted = await this.scope?.close();
    return limitsReached({
      limits: this.plan.limits,
      status,
      timedOut,
      // One processor more: a quota of them is rounded down.
      mostCpuTime: (performance.now() - this.#started) / 1000 * (navigator.hardwareConcurrency + 1),
      ...(counted && { counted }),
    });
  }

  /**
   * Looks whether it was memory that a sandbox lacked which was not built: it takes some, and is ended like all in its
   * scope.
   *
   * @throws {TomboloError} where it was
   */
  async checkMemory(): Promise<void> {
    const { memory } = this.plan.limits;
    const counted = await this.scope?.close();
    if (memory === undefined || counted === undefined || counted.oomKills === 0) return;
    throw new TomboloError(
      "sandbox",
      `Cannot start with ${memory.text} of memory (${memory.origin}): the sandbox itself takes more; nothing ran`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scope?.close();
  }
}
