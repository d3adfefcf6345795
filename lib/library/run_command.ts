import { CommandDenied, findCommand } from "../launch/find_command.ts";
import { limitEvent } from "../launch/limits_reached.ts";
import type { Prepared } from "../launch/prepare_run.ts";
import type { RunResult } from "../launch/run_plan.ts";
import { runPrepared } from "../launch/run_prepared.ts";
import { reasonOf, type SetAside } from "../launch/set_aside.ts";
import type { SharedGateway } from "../launch/shared_gateway.ts";
import { SIGNAL_NUMBERS } from "../launch/signals.ts";
import type { Streams } from "../launch/spawn_shell.ts";
import { TreeChanged } from "../launch/tree_changed.ts";
import type { Plan } from "../plan/plan.ts";
import { DenialLog } from "../report/denial_log.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import { failureEvents, protectionEvents, socketEvents } from "../report/run_events.ts";
import type { RunHooks } from "./sandbox_child.ts";
import type { SandboxStatus, SetAsideEntry } from "./sandbox_status.ts";

const MOST_STARTS = 5;

/** One command to run. */
export interface CommandRun {
  /** Makes its plan; again where the tree has changed meanwhile. */
  readonly prepare: () => Promise<Prepared>;
  readonly streams: Streams;
  readonly hooks: RunHooks;
  readonly gateway: SharedGateway | undefined;
  /** Whether nothing may leave: the external proxy that the policy names could not be started. */
  readonly isCutOff: boolean;
  readonly onEvent: EventSink;
  readonly onNotice: (line: string) => void;
}

const now = () => new Date().toISOString();

function signalOf(code: number): Deno.Signal | null {
  const found = Object.entries(SIGNAL_NUMBERS).find(([, number]) => code === 128 + number);
  return found === undefined ? null : found[0] as Deno.Signal;
}

function statusOf(code: number, rest: Pick<SandboxStatus, "denials" | "limits" | "setAside">): SandboxStatus {
  return { success: code === 0, code, signal: signalOf(code), ...rest };
}

/** What has been moved out of the tree, as it is told. */
export function setAsideEntry({ watch, path, to, failure }: SetAside): SetAsideEntry {
  return {
    path,
    reason: reasonOf(watch),
    ...(to === undefined ? {} : { movedTo: to }),
    ...(failure === undefined ? {} : { failure }),
  };
}

function commandEvent({ program, decision: { allowed: _, ...why } }: CommandDenied): DecisionEvent {
  return { time: now(), kind: "run", decision: "deny", target: program, ...why };
}

function check(plan: Plan, onEvent: EventSink): void {
  try {
    findCommand(plan);
  } catch (error) {
    if (error instanceof CommandDenied) onEvent(commandEvent(error));
    throw error;
  }
}

async function report(
  run: CommandRun,
  plan: Plan,
  result: RunResult,
  denials: DenialLog,
): Promise<SandboxStatus> {
  const { onEvent, onNotice } = run;
  const note = (event: DecisionEvent) => {
    onEvent(event);
    denials.note(event);
  };
  const time = now();
  for (const event of socketEvents(plan, time)) onEvent(event);
  for (const event of protectionEvents(result.setAside, time)) onEvent(event);
  if (result.status !== 0) { for (const event of await failureEvents(plan, time)) note(event); }
  const limits = result.limits.map((reached) => limitEvent(reached, time));
  limits.forEach(onEvent);
  for (const { path } of result.replaced) {
    onNotice(`${path} was replaced outside while a command ran, and not guarded after that`);
  }
  for (const path of result.missed) {
    onNotice(`could not look into ${path}: what a command left there may be run by the host`);
  }
  return statusOf(result.status, {
    denials: denials.denied(),
    limits,
    setAside: result.setAside.map(setAsideEntry),
  });
}

async function runOnce(run: CommandRun): Promise<SandboxStatus> {
  const { hooks, streams, gateway, onNotice } = run;
  const prepared = await run.prepare();
  await using stack = new AsyncDisposableStack();
  if (prepared.context.live) stack.use(prepared.context.live);
  if (prepared.context.confine) stack.use(prepared.context.confine);
  const { plan, planThroughStage2 } = run.isCutOff ? prepared.withoutNetwork() : prepared;
  check(plan, run.onEvent);
  plan.notices.forEach(onNotice);
  const early = hooks.early();
  if (early !== undefined) {
    return statusOf(128 + SIGNAL_NUMBERS[early], { denials: [], limits: [], setAside: [] });
  }
  const denials = new DenialLog();
  const onEvent = (event: DecisionEvent) => {
    run.onEvent(event);
    denials.note(event);
  };
  const result = await runPrepared(plan, planThroughStage2, {
    ...prepared.context,
    streams,
    onStart: hooks.onStart,
    onEvent,
    embedded: true,
    voice: { say: onNotice, warn: onNotice },
    ...(gateway === undefined
      ? {}
      : { serve: (listener, credential) => gateway.serve(listener, onEvent, credential) }),
  });
  return await report(run, plan, result, denials);
}

/**
 * Runs a command; where something that its sandbox was to guard has vanished while it was built, it is built again.
 *
 * @throws {TomboloError} where nothing ran
 */
export async function runCommand(run: CommandRun): Promise<SandboxStatus> {
  for (let start = 1;; start++) {
    try {
      return await runOnce(run);
    } catch (error) {
      if (!(error instanceof TreeChanged) || start >= MOST_STARTS || !run.hooks.canRestart()) throw error;
    }
  }
}
