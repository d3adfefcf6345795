import { lstat } from "../../paths/resolve_path.ts";
import type { Plan } from "../../plan/plan.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import type { GatewayPort } from "../gateway_port.ts";
import type { RunContext } from "../run_context.ts";
import { HostRun } from "../host_run.ts";
import type { RunResult } from "../run_plan.ts";
import { type CommandSignal, SignalForwarding } from "../signals.ts";
import { spawnShell } from "../spawn_shell.ts";
import { privateDirectory } from "../state_directory.ts";
import { temporaryPath } from "../temporary_path.ts";
import { WallClock } from "../wall_clock.ts";
import { findTerminal, hasTerminal } from "./find_terminal.ts";
import {
  SANDBOX_EXEC,
  sandboxExecArguments,
  type SeatbeltContext,
  seatbeltRules,
  seatbeltStart,
} from "./seatbelt_start.ts";
import { Watcher } from "./watcher.ts";

/** sandbox-exec's own failures (sysexits(3)): EX_DATAERR for a profile, EX_OSERR for what the kernel does not take. */
const OWN_FAILURES = [65, 71];

// Harmless, on every Mac, and executed by nobody else here.
const TRIAL = ["/usr/bin/true"];

/** One command under Seatbelt, from its start to its end. */
class SeatbeltRun implements AsyncDisposable {
  readonly #run: HostRun;
  /** A group of its own, of which everything is ended at the end; with a terminal it shares that of its caller. */
  readonly #leads: boolean;
  #child: Deno.ChildProcess | undefined;
  #watcher: Watcher | undefined;
  /** The signal that ended the start before there was a command. */
  #aborted: CommandSignal | undefined;

  constructor(
    private readonly plan: Plan,
    private readonly context: RunContext,
    private readonly sandboxExec: string,
  ) {
    this.#leads = !hasTerminal(context.streams);
    this.#run = new HostRun(plan, context);
  }

  async result(): Promise<RunResult> {
    const { context } = this;
    const { stack } = this.#run;
    if (context.embedded !== true) stack.use(new SignalForwarding((signal) => this.send(signal)));
    await this.#run.prepare();
    const gateway = this.#run.openGateway();
    const start = this.#startContext(gateway);
    this.#watcher = stack.use(await Watcher.start(start.temporary));
    if (this.#aborted !== undefined) return this.#run.gaveUp(this.#aborted);
    const { status, timedOut } = await this.#follow(start, gateway);
    await this.#clear(start.temporary);
    this.#checkBuilt(status.code, start);
    return await this.#run.finish(status.code, timedOut);
  }

  #startContext(gateway: GatewayPort | undefined): SeatbeltContext {
    const { plan, context, sandboxExec } = this;
    const made = privateDirectory(temporaryPath(context.directories.state), context.uid);
    const terminal = this.#leads ? undefined : findTerminal();
    return {
      sandboxExec,
      openFiles: context.openFiles,
      // The kernel compares rules with what links lead to.
      temporary: Deno.realPathSync(made),
      ...(terminal === undefined ? {} : { terminal }),
      ...(gateway === undefined ? {} : { port: gateway.port, proxy: gateway.variables(plan) }),
    };
  }

  async #follow(start: SeatbeltContext, gateway: GatewayPort | undefined) {
    const { plan, context } = this;
    const child = spawnShell(seatbeltStart(plan, start), context.streams, {
      cwd: plan.cwd,
      detached: this.#leads,
    });
    this.#child = child;
    await this.#watcher?.watch(child.pid, this.#leads);
    context.onStart?.(child, { send: (signal) => this.send(signal) });
    this.#run.isUp();
    using clock = new WallClock(plan.limits.wallTime, {
      ask: () => this.#kill("SIGTERM"),
      end: () => void this.#watcher?.kill(),
    });
    this.#run.serve(gateway, child.status);
    const status = await child.status;
    return { status, timedOut: clock.isOver };
  }

  async #clear(temporary: string): Promise<void> {
    await this.#watcher?.done();
    if (lstat(temporary) === undefined) return;
    this.context.voice.warn(
      `could not remove ${temporary}, the command's directory for temporary files: remove it by hand`,
    );
  }

  // The command may end with the same status: a trial tells whether it was ever executed.
  #checkBuilt(code: number, start: SeatbeltContext): void {
    if (!OWN_FAILURES.includes(code) || seatbeltRules(this.plan).exec.allow !== undefined) return;
    const trial = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@"', "sh", this.sandboxExec, ...sandboxExecArguments(this.plan, start, TRIAL)],
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).outputSync();
    if (trial.code !== code) return;
    throw new TomboloError(
      "sandbox",
      "Cannot build the sandbox: sandbox-exec failed as shown above, and nothing ran",
      {
        remedy: "a process that is in a sandbox already cannot enter another one: run tombolo outside of it",
      },
    );
  }

  #kill(signal: CommandSignal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }

  send(signal: CommandSignal): void {
    if (this.#child === undefined) this.#aborted ??= signal;
    else if (signal === "SIGKILL") void this.#watcher?.kill();
    else if (!this.#leads && this.context.embedded !== true) void this.#watcher?.tell(signal);
    else this.#kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run[Symbol.asyncDispose]();
  }
}

/**
 * Runs a plan of the Seatbelt backend with the terminal and the streams of this process, unless they are to be pipes, and
 * waits for its end.
 *
 * @param sandboxExec Absolute path of sandbox-exec
 * @throws {TomboloError} where the sandbox could not be built; nothing ran then
 */
export async function runSeatbelt(
  plan: Plan,
  context: RunContext,
  sandboxExec: string = SANDBOX_EXEC,
): Promise<RunResult> {
  await using run = new SeatbeltRun(plan, context, sandboxExec);
  return await run.result();
}
