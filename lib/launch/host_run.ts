import { close } from "../egress/close.ts";
import type { Plan } from "../plan/plan.ts";
import { GatewayPort } from "./gateway_port.ts";
import type { RunContext } from "./run_context.ts";
import { NOTHING_FOUND, RunEnd } from "./run_end.ts";
import type { RunLimits } from "./run_limits.ts";
import type { RunResult } from "./run_plan.ts";
import { serveGateway } from "./serve_gateway.ts";
import { type CommandSignal, SIGNAL_NUMBERS } from "./signals.ts";

/** What every run on the host itself, without namespaces, is made of, whatever confines its command. */
export class HostRun implements AsyncDisposable {
  readonly stack = new AsyncDisposableStack();
  readonly #end: RunEnd;
  #limits: RunLimits | undefined;

  constructor(private readonly plan: Plan, private readonly context: RunContext) {
    this.#end = new RunEnd(plan, context.directories.state, context.uid);
  }

  /** Makes what the plan has made, and what holds its limits. */
  async prepare(): Promise<void> {
    const { plan, context } = this;
    if (plan.makes.length > 0) {
      const { makeDirectories } = await import("./make_directories.ts");
      makeDirectories(plan.makes, context.voice);
    }
    if (Object.keys(plan.limits).length === 0) return;
    const { RunLimits } = await import("./run_limits.ts");
    this.#limits = this.stack.use(await RunLimits.open(plan));
  }

  /** Directory of the control group that the command is to run in. */
  get scopePath(): string | undefined {
    return this.#limits?.scopePath;
  }

  /** Where the command is to find the gateway, if it has any network. */
  openGateway(): GatewayPort | undefined {
    if (this.plan.network === "none") return undefined;
    const gateway = GatewayPort.open();
    this.stack.defer(() => close(gateway.listener));
    this.context.trace?.mark("gateway listening");
    return gateway;
  }

  /**
   * Lets the gateway serve the command.
   *
   * @param ended Settles when the command has ended
   */
  serve(gateway: GatewayPort | undefined, ended: Promise<unknown>): void {
    const { plan, context, stack } = this;
    if (gateway === undefined) return;
    if (context.serve !== undefined) {
      stack.use(context.serve(gateway.listener, gateway.credential));
      return;
    }
    const settled = ended.then(() => undefined, () => undefined);
    void serveGateway({ ...context, ...gateway, plan, ended: settled, stack });
  }

  /** The command runs: others may start, and there is time to load what its end takes. */
  isUp(): void {
    this.context.trace?.mark("sandbox up");
    this.context.live?.release();
    void this.#end.load();
  }

  /** What has come of the run, once its command has ended. */
  async finish(status: number, timedOut: boolean): Promise<RunResult> {
    const { trace } = this.context;
    trace?.mark("command ended");
    const verdict = await this.#limits?.verdict(status, timedOut);
    const found = await this.#end.check();
    trace?.mark("tree checked");
    return { status: verdict?.status ?? status, limits: verdict?.reached ?? [], ...found };
  }

  /** What has come of one that a signal ended before there was a command. */
  gaveUp(signal: CommandSignal): RunResult {
    return { status: 128 + SIGNAL_NUMBERS[signal], limits: [], ...NOTHING_FOUND };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack.disposeAsync();
  }
}
