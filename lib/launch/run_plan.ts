import { close } from "../egress/close.ts";
import type { Plan } from "../plan/plan.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { awaitInit } from "./await_init.ts";
import type { EndCheck } from "./check_end.ts";
import { DescriptorLeak } from "./descriptor_leak.ts";
import { forgetProbe } from "./probe.ts";
import type { LimitReached } from "./limits_reached.ts";
import { rendezvous } from "./rendezvous.ts";
import type { RunContext } from "./run_context.ts";
import { NOTHING_FOUND, RunEnd } from "./run_end.ts";
import { RunDirectory, sweepRunDirectories } from "./run_directory.ts";
import type { RunLimits } from "./run_limits.ts";
import { type CommandSignal, killByPid, sendToCommand, SIGNAL_NUMBERS, SignalForwarding } from "./signals.ts";
import { serveGateway } from "./serve_gateway.ts";
import { spawnShell } from "./spawn_shell.ts";
import { startOf } from "./start_of.ts";
import type { SandboxStatus } from "./sandbox_status.ts";
import { type StartedChild, startedChild } from "./started_child.ts";
import { StatusFile } from "./status_file.ts";
import { StatusPipe } from "./status_pipe.ts";
import { TreeChanged } from "./tree_changed.ts";
import { WallClock } from "./wall_clock.ts";

/** How a run ended. */
export interface RunResult extends EndCheck {
  readonly status: number;
  readonly limits: readonly LimitReached[];
}

/** One sandbox, from its start to its end. */
class Run implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #directory: RunDirectory;
  /** There once something is started. */
  #status: SandboxStatus | undefined;
  #child: StartedChild | undefined;
  #up = false;
  /** The signal that ended the start before there was a command. */
  #aborted: CommandSignal | undefined;
  #clock: WallClock | undefined;
  /** Signals reach the command in the order in which they were sent. */
  #sent: Promise<void> = Promise.resolve();
  #limits: RunLimits | undefined;
  readonly #end: RunEnd;

  constructor(private readonly plan: Plan, private readonly context: RunContext) {
    this.#end = new RunEnd(plan, context.directories.state, context.uid);
    sweepRunDirectories(context.directories.run, Date.now());
    this.#directory = this.#stack.use(RunDirectory.named(context.directories.run, context.uid));
  }

  async result(): Promise<RunResult> {
    if (this.plan.makes.length > 0) {
      const { makeDirectories } = await import("./make_directories.ts");
      makeDirectories(this.plan.makes, this.context.voice);
    }
    if (this.context.embedded !== true) {
      this.#stack.use(new SignalForwarding((signal) => void this.#send(signal)));
    }
    await this.#openLimits();
    // While there was nothing yet that it could have been sent to.
    if (this.#aborted !== undefined) {
      return { status: exitStatus(this.#aborted, 0), limits: [], ...NOTHING_FOUND };
    }
    const status = this.plan.network === "gateway" ? await this.#withGateway() : await this.#alone();
    this.context.trace?.mark("command ended");
    await this.#checkBuilt(status);
    const own = exitStatus(this.#aborted ?? status.signal, status.code);
    const verdict = await this.#limits?.verdict(own, this.#timedOut);
    const found = await this.#end.check();
    this.context.trace?.mark("tree checked");
    return { status: verdict?.status ?? own, limits: verdict?.reached ?? [], ...found };
  }

  async #openLimits(): Promise<void> {
    if (Object.keys(this.plan.limits).length === 0) return;
    const { RunLimits } = await import("./run_limits.ts");
    this.#limits = this.#stack.use(await RunLimits.open(this.plan));
  }

  // Before anything is started: a port that is taken must not be found out too late.
  async #publish(): Promise<AsyncDisposable | undefined> {
    const { publish: rules = [] } = this.plan.net;
    if (rules.length === 0) return undefined;
    const { Publisher } = await import("./publisher.ts");
    return new Publisher({ ...this.context, rules, path: this.#directory.publishSocket });
  }

  async #withGateway(): Promise<Deno.CommandStatus> {
    this.#directory.make();
    await using _publisher = await this.#publish();
    // While the ports were bound.
    if (this.#aborted !== undefined) return { success: false, code: 0, signal: this.#aborted };
    const listener = Deno.listen({ transport: "unix", path: this.#directory.socket });
    Deno.chmodSync(this.#directory.socket, 0o600);
    if (this.context.embedded === true) listener.unref();
    this.context.trace?.mark("gateway listening");
    const child = this.#spawn();
    const ended = child.ended.then(() => undefined);
    try {
      await rendezvous(listener, ended, () => this.#isUp());
      this.#directory.remove();
      const { serve } = this.context;
      if (this.#up && serve !== undefined) this.#stack.use(serve(listener));
      else if (this.#up) {
        void serveGateway({ ...this.context, plan: this.plan, listener, ended, stack: this.#stack });
      }
      return await child.status();
    } catch (error) {
      this.#kill();
      await child.ended;
      throw error;
    } finally {
      close(listener);
    }
  }

  async #alone(): Promise<Deno.CommandStatus> {
    const { ended, status } = this.#spawn();
    const hasInit = () => this.#status?.initPid !== undefined;
    const { embedded = false } = this.context;
    if (this.#status instanceof StatusPipe) await this.#status.until(hasInit);
    else await awaitInit({ hasInit, ended, path: this.#directory.path, embedded });
    if (hasInit()) this.#isUp();
    this.context.live?.release();
    this.#directory.remove();
    return await status();
  }

  #isUp(): void {
    this.#up = true;
    this.context.trace?.mark("sandbox up");
    this.context.live?.release();
    void this.#end.load();
  }

  #spawn(): StartedChild {
    const { plan, context } = this;
    const child = this.#startOnStandby() ?? this.#startAnew();
    this.#child = child;
    context.trace?.mark("sandbox spawned");
    this.#clock = this.#stack.use(
      new WallClock(plan.limits.wallTime, {
        ask: () => void this.#send("SIGTERM"),
        end: () => this.#kill(),
      }),
    );
    return child;
  }

  #startOnStandby(): StartedChild | undefined {
    const { plan, context } = this;
    const { standby } = context;
    if (standby === undefined || context.streams !== undefined) return undefined;
    const way = { scope: this.#limits?.scopePath, status: "-" };
    const start = startOf(plan, context, this.#directory, way);
    if (!standby.canStart(start)) {
      standby.dismiss();
      return undefined;
    }
    const { child, status } = standby.start(start);
    this.#status = status;
    return child;
  }

  #startAnew(): StartedChild {
    const { plan, context } = this;
    this.#directory.make();
    this.#status = this.#stack.use(new StatusFile(this.#directory.status));
    const start = startOf(plan, context, this.#directory, { scope: this.#limits?.scopePath });
    const process = spawnShell(start, context.streams);
    const child = startedChild(process);
    this.#child = child;
    context.onStart?.(process, { send: (signal) => void this.#send(signal) });
    return child;
  }

  get #timedOut(): boolean {
    return this.#clock?.isOver ?? false;
  }

  // Ends everything inside with it (--die-with-parent).
  #kill(): void {
    this.#child?.kill();
  }

  async #send(signal: CommandSignal): Promise<void> {
    // Without a gateway only the status file knows, and it may know before the loop has looked again.
    const init = this.#up || this.plan.network === "none" ? this.#status?.initPid : undefined;
    if (init === undefined) {
      // There is no command yet that could handle it: the start is given up.
      this.#aborted ??= signal;
      return await this.#giveUp();
    }
    if (signal === "SIGKILL") return this.#kill();
    const starter = this.plan.network === "gateway" ? "stage2" : "init";
    const unlessTerminal = this.context.embedded !== true;
    this.#sent = this.#sent.then(() => sendToCommand(init, signal, starter, unlessTerminal));
    await this.#sent;
  }

  // bubblewrap's init does not die with its monitor before it has asked for it: it is ended by name, once it has one.
  async #giveUp(): Promise<void> {
    let ended = this.#child === undefined;
    this.#child?.ended.finally(() => ended = true);
    const initPid = () => this.#status?.initPid;
    while (!ended && initPid() === undefined) await Deno.lstat("/");
    const init = initPid();
    if (init !== undefined && !ended) await killByPid(init);
    this.#kill();
  }

  // bubblewrap's own failure and the command's have the same status; the status file tells them apart.
  async #checkBuilt(status: Deno.CommandStatus): Promise<void> {
    if (this.#status?.hasLeak === true && this.plan.launcher.kind === "direct") throw new DescriptorLeak();
    if (this.#status?.hasVanished === true) throw new TreeChanged();
    const built = this.plan.network === "gateway"
      ? this.#up
      : status.success || status.signal !== null || this.#status?.wasBuilt === true;
    if (built || this.#aborted !== undefined || this.#timedOut) return;
    await this.#limits?.checkMemory();
    forgetProbe(this.context.directories.state);
    throw new TomboloError(
      "sandbox",
      "Cannot build the sandbox: bwrap failed as shown above, and nothing ran",
      {
        remedy: "where the host has changed, the next run finds out what it allows now",
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function exitStatus(signal: Deno.Signal | null, code: number): number {
  const numbers: Readonly<Record<string, number>> = SIGNAL_NUMBERS;
  return signal === null ? code : 128 + (numbers[signal] ?? 0);
}

/**
 * Runs a plan with the terminal and the streams of this process, unless they are to be pipes, and waits for its end.
 *
 * @throws {TomboloError} where the sandbox could not be built
 * @throws {DescriptorLeak} where the plan has to go through stage2; nothing ran
 * @throws {TreeChanged} where the plan has to be made again; nothing ran
 */
export async function runPlan(plan: Plan, context: RunContext): Promise<RunResult> {
  if (plan.launcher.kind === "landlock") {
    return await (await import("./landlock/confined_run.ts")).runConfined(plan, context);
  }
  if (plan.launcher.kind === "seatbelt") {
    return await (await import("./seatbelt/seatbelt_run.ts")).runSeatbelt(plan, context);
  }
  await using run = new Run(plan, context);
  return await run.result();
}
