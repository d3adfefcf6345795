import { close } from "../../egress/close.ts";
import type { ConfineOrders } from "../../plan/landlock/confine_orders.ts";
import type { Confinement } from "../../plan/landlock/confinement.ts";
import { CONTROL } from "../../plan/landlock/control.ts";
import type { Plan } from "../../plan/plan.ts";
import { seccompProgram } from "../../plan/seccomp/program.ts";
import { withoutNamespacesRules } from "../../plan/seccomp/without_namespaces.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { NOTHING_FOUND, RunEnd } from "../run_end.ts";
import type { RunLimits } from "../run_limits.ts";
import type { RunContext } from "../run_context.ts";
import type { RunResult } from "../run_plan.ts";
import { serveGateway } from "../serve_gateway.ts";
import { type CommandSignal, SIGNAL_NUMBERS } from "../signals.ts";
import { WallClock } from "../wall_clock.ts";
import { GatewayPort } from "../gateway_port.ts";
import type { ConfineStart } from "./confine_start.ts";

const FAILED = 125;

function filterOf({ seccomp }: Plan): string {
  const { withoutNamespaces, arch } = seccomp;
  const extra = withoutNamespaces && withoutNamespacesRules(withoutNamespaces, arch);
  return seccompProgram(seccomp, extra).toBase64();
}

/** One command in a Landlock domain, from its start to its end. */
class ConfinedRun implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #end: RunEnd;
  #limits: RunLimits | undefined;
  #started = false;
  /** The signal that ended the start before there was a command. */
  #aborted: CommandSignal | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly confinement: Confinement,
    private readonly start: ConfineStart,
    private readonly context: RunContext,
  ) {
    this.#stack.use(start);
    this.#end = new RunEnd(plan, context.directories.state, context.uid);
  }

  async result(): Promise<RunResult> {
    const { plan, context } = this;
    if (plan.makes.length > 0) {
      const { makeDirectories } = await import("../make_directories.ts");
      makeDirectories(plan.makes, context.voice);
    }
    this.start.passSignals((signal) => this.send(signal));
    await this.#openLimits();
    const gateway = this.#openGateway();
    const orders = this.#orders(gateway);
    if (this.#aborted !== undefined) return this.#gaveUp(this.#aborted);
    const ended = this.#run(orders);
    if (gateway !== undefined && context.serve !== undefined) {
      this.#stack.use(context.serve(gateway.listener, gateway.credential));
    } else if (gateway !== undefined) {
      const settled = ended.then(() => undefined, () => undefined);
      void serveGateway({ ...context, ...gateway, plan, ended: settled, stack: this.#stack });
    }
    const { status, timedOut } = await ended;
    const verdict = await this.#limits?.verdict(status, timedOut);
    return {
      status: verdict?.status ?? status,
      limits: verdict?.reached ?? [],
      ...await this.#end.check(),
    };
  }

  async #openLimits(): Promise<void> {
    if (Object.keys(this.plan.limits).length === 0) return;
    const { RunLimits } = await import("../run_limits.ts");
    this.#limits = this.#stack.use(await RunLimits.open(this.plan));
  }

  #openGateway(): GatewayPort | undefined {
    if (this.plan.network === "none") return undefined;
    const gateway = GatewayPort.open();
    this.#stack.defer(() => close(gateway.listener));
    return gateway;
  }

  #orders(gateway: GatewayPort | undefined): ConfineOrders {
    const { plan, confinement, context } = this;
    const { temporary, rules } = confinement;
    const { limits } = plan.orders;
    const scope = this.#limits?.scopePath;
    return {
      rules,
      ...(gateway === undefined ? {} : { port: gateway.port }),
      filter: filterOf(plan),
      command: plan.command,
      environment: [...plan.environment, ...gateway?.variables(plan) ?? []],
      cwd: plan.cwd,
      temporary,
      ...(context.openFiles === undefined || limits?.openFiles !== undefined
        ? {}
        : { openFiles: Number(context.openFiles) }),
      ...(limits === undefined ? {} : { limits }),
      ...(scope === undefined ? {} : { scope }),
    };
  }

  async #run(orders: ConfineOrders): Promise<{ status: number; timedOut: boolean }> {
    const { start, context, plan } = this;
    this.#stack.defer(() => removeTemporary(orders.temporary, context));
    using clock = new WallClock(plan.limits.wallTime, {
      ask: () => this.send("SIGTERM"),
      end: () => void start.send(CONTROL.END),
    });
    this.#started = await start.order(orders);
    context.live?.release();
    void this.#end.load();
    if (this.#aborted !== undefined) this.send(this.#aborted);
    const end = await start.end();
    if (end?.kind === "exited") return { status: end.value, timedOut: clock.isOver };
    if (end?.kind === "signalled") return { status: 128 + end.value, timedOut: clock.isOver };
    // It has said why, unless somebody has ended it.
    const { code } = await start.child.status;
    if (code === FAILED) return { status: FAILED, timedOut: false };
    throw new TomboloError(
      "sandbox",
      "Cannot follow the command: its warden has been ended, and the command with it",
    );
  }

  #gaveUp(signal: CommandSignal): RunResult {
    return { status: 128 + SIGNAL_NUMBERS[signal], limits: [], ...NOTHING_FOUND };
  }

  send(signal: CommandSignal): void {
    // Until then there is no command that could handle it.
    if (!this.#started) this.#aborted ??= signal;
    else void this.start.send(signal === "SIGKILL" ? CONTROL.END : SIGNAL_NUMBERS[signal]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

async function removeTemporary(path: string, { voice }: RunContext): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    voice.warn(`could not remove ${path}, the command's directory for temporary files: remove it by hand`);
  }
}

/**
 * Runs a plan of the Landlock backend with the terminal and the streams of this process, unless they are to be pipes, and
 * waits for its end.
 *
 * @throws {TomboloError} where the command could not be confined; nothing ran then
 */
export async function runConfined(plan: Plan, context: RunContext): Promise<RunResult> {
  const { launcher } = plan;
  const { confine } = context;
  if (launcher.kind !== "landlock" || confine === undefined) {
    throw new TypeError("Cannot run without namespaces: the plan is not for Landlock");
  }
  await using run = new ConfinedRun(plan, launcher.confinement, confine, context);
  context.onStart?.(confine.child, { send: (signal) => run.send(signal) });
  return await run.result();
}
