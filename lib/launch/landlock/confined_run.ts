import type { ConfineOrders } from "../../plan/landlock/confine_orders.ts";
import type { Confinement } from "../../plan/landlock/confinement.ts";
import { CONTROL } from "../../plan/landlock/control.ts";
import type { Plan } from "../../plan/plan.ts";
import { seccompProgram } from "../../plan/seccomp/program.ts";
import { withoutNamespacesRules } from "../../plan/seccomp/without_namespaces.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { HostRun } from "../host_run.ts";
import type { RunContext } from "../run_context.ts";
import type { RunResult } from "../run_plan.ts";
import { type CommandSignal, SIGNAL_NUMBERS } from "../signals.ts";
import { WallClock } from "../wall_clock.ts";
import type { GatewayPort } from "../gateway_port.ts";
import type { ConfineStart } from "./confine_start.ts";

const FAILED = 125;

function filterOf({ seccomp }: Plan): string {
  const { withoutNamespaces, arch } = seccomp;
  const extra = withoutNamespaces && withoutNamespacesRules(withoutNamespaces, arch);
  return seccompProgram(seccomp, extra).toBase64();
}

/** One command in a Landlock domain, from its start to its end. */
class ConfinedRun implements AsyncDisposable {
  readonly #run: HostRun;
  #started = false;
  /** The signal that ended the start before there was a command. */
  #aborted: CommandSignal | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly confinement: Confinement,
    private readonly start: ConfineStart,
    private readonly context: RunContext,
  ) {
    this.#run = new HostRun(plan, context);
    this.#run.stack.use(start);
  }

  async result(): Promise<RunResult> {
    this.start.passSignals((signal) => this.send(signal));
    await this.#run.prepare();
    const gateway = this.#run.openGateway();
    const orders = this.#orders(gateway);
    if (this.#aborted !== undefined) return this.#run.gaveUp(this.#aborted);
    const ended = this.#follow(orders);
    this.#run.serve(gateway, ended);
    const { status, timedOut } = await ended;
    return await this.#run.finish(status, timedOut);
  }

  #orders(gateway: GatewayPort | undefined): ConfineOrders {
    const { plan, confinement, context } = this;
    const { temporary, rules } = confinement;
    const { limits } = plan.orders;
    const scope = this.#run.scopePath;
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

  async #follow(orders: ConfineOrders): Promise<{ status: number; timedOut: boolean }> {
    const { start, context, plan } = this;
    this.#run.stack.defer(() => removeTemporary(orders.temporary, context));
    using clock = new WallClock(plan.limits.wallTime, {
      ask: () => this.send("SIGTERM"),
      end: () => void start.send(CONTROL.END),
    });
    this.#started = await start.order(orders);
    this.#run.isUp();
    if (this.#aborted !== undefined) this.send(this.#aborted);
    const end = await start.end();
    if (end?.kind === "exited") return { status: end.value, timedOut: clock.isOver };
    if (end?.kind === "signalled") return { status: 128 + end.value, timedOut: clock.isOver };
    // It has said why, unless somebody has ended it.
    const { code } = await start.child.status();
    if (code === FAILED) return { status: FAILED, timedOut: false };
    throw new TomboloError(
      "sandbox",
      "Cannot follow the command: its warden has been ended, and the command with it",
    );
  }

  send(signal: CommandSignal): void {
    // Until then there is no command that could handle it.
    if (!this.#started) this.#aborted ??= signal;
    else void this.start.send(signal === "SIGKILL" ? CONTROL.END : SIGNAL_NUMBERS[signal]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run[Symbol.asyncDispose]();
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
  if (confine.process !== undefined) {
    context.onStart?.(confine.process, { send: (signal) => run.send(signal) });
  }
  return await run.result();
}
