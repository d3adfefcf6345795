import type { ExternalProxy } from "../egress/external_proxy.ts";
import { resolveTrusted } from "../launch/gather_facts.ts";
import { CommandDenied, findCommand } from "../launch/find_command.ts";
import type { RunResult } from "../launch/run_plan.ts";
import { runPrepared } from "../launch/run_prepared.ts";
import { Standby } from "../launch/standby.ts";
import { TreeChanged } from "../launch/tree_changed.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import { decidePath } from "../policy/decide_path.ts";
import { DenialLog, type Summary } from "../report/denial_log.ts";
import { escape } from "../report/escape.ts";
import type { DecisionEvent, EventSink } from "../report/event.ts";
import { EventsFile } from "../report/events_file.ts";
import { failureEvents, protectionEvents, socketEvents } from "../report/run_events.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { StartTrace } from "../report/start_trace.ts";
import { Voice } from "../report/voice.ts";
import { type GivenFlag, parseFlags } from "./flags.ts";
import { has } from "./has_flag.ts";
import { prepare, type Prepared } from "./prepare.ts";

const MOST_STARTS = 5;

/** What a run was asked for. */
interface Ordered {
  readonly flags: readonly GivenFlag[];
  readonly command: readonly string[];
  readonly voice: Voice;
  readonly events: EventsFile | undefined;
  readonly trace: StartTrace | undefined;
  readonly standby: Standby | undefined;
}

/** A voice in the manner that the flags ask for. */
export function voiceOf(flags: readonly GivenFlag[]): Voice {
  return new Voice({ quiet: has(flags, "quiet"), verbose: has(flags, "verbose"), json: has(flags, "json") });
}

/** The file that the flags name for events, opened. */
export function openEvents(flags: readonly GivenFlag[]): EventsFile | undefined {
  const path = flags.findLast(({ name }) => name === "events")?.value;
  if (path === undefined) return undefined;
  return new EventsFile(resolveTrusted(SafePath.from(path, Deno.cwd()), "events file", Deno.uid()).real);
}

// The clock is not asked, and nothing loaded, where nobody wants to know.
async function traceOf(args: readonly string[]): Promise<StartTrace | undefined> {
  if (!args.includes("--trace-start")) return undefined;
  const loaded = performance.now();
  const { StartTrace } = await import("../report/start_trace.ts");
  return new StartTrace(loaded, Deno.env.get("TOMBOLO_BEGUN"));
}

async function prepareRunnable({ flags, command, events, trace, standby }: Ordered) {
  try {
    const prepared = await prepare(flags, command, {
      alsoOwn: events === undefined ? [] : [events.path.toString()],
      runs: true,
      standby,
      trace,
    });
    findCommand(prepared.plan);
    trace?.mark("plan made");
    return prepared;
  } catch (error) {
    if (error instanceof CommandDenied) events?.write(commandEvent(error));
    throw error;
  }
}

function commandEvent({ program, decision: { allowed: _, ...why } }: CommandDenied): DecisionEvent {
  return { time: new Date().toISOString(), kind: "run", decision: "deny", target: program, ...why };
}

/** Says what has been moved out of the tree at the end. */
export async function reportSetAside(voice: Voice, { setAside, missed, replaced }: RunResult): Promise<void> {
  for (const { path } of replaced) {
    voice.warn(
      `${
        escape(path)
      } was replaced outside while the command ran, and not guarded after that: look at what it holds`,
    );
  }
  for (const path of missed) {
    voice.warn(`could not look into ${escape(path)}: what the command left there may be run by the host`);
  }
  if (setAside.length === 0) return;
  const { reasonOf } = await import("../launch/set_aside.ts");
  for (const { watch, path, to, failure } of setAside) {
    const why = escape(reasonOf(watch));
    if (to !== undefined) {
      voice.say(`set aside ${escape(path)}: ${why}; it is now ${escape(to)}; tombolo restore puts it back`);
    } else {
      const reason = escape(failure ?? "");
      voice.warn(`could not set aside ${escape(path)} (${reason}): remove it by hand; ${why}`);
    }
  }
}

// Clients seldom pass on why a tunnel failed; a command that made do without has not missed it.
function reportUnreached(voice: Voice, { events, more }: Summary, lineOf: (event: DecisionEvent) => string) {
  for (const event of events) voice.say(lineOf(event), { event });
  if (more > 0) voice.say(`could not reach ${more} more; --events=FILE records all`);
}

// What was asked for in vain: by the network, and, where the command failed, by its arguments.
async function reportDenials(
  voice: Voice,
  denials: DenialLog,
  plan: Plan,
  onEvent: EventSink,
  status: number,
): Promise<void> {
  if (status === 0 && denials.isEmpty) return;
  const { denialLine, missedNetwork, unreachedLine } = await import(
    "../report/denials.ts"
  );
  if (status !== 0) {
    for (const event of await failureEvents(plan, new Date().toISOString())) onEvent(event);
    if (denials.isEmpty && missedNetwork(plan)) {
      voice.say("the command had no network (no rule allows any host); to allow one: --allow-net=HOST");
    }
  }
  const { events, more } = denials.summary();
  for (const event of events) voice.say(denialLine(event), { event });
  if (more > 0) voice.say(`denied ${more} more; --events=FILE records all`);
  if (status === 0) return;
  reportUnreached(voice, denials.unreached(), unreachedLine);
  for (const { text, isLikely } of plan.hints ?? []) {
    if (isLikely) voice.say(text);
    else voice.detail(text);
  }
}

async function reportLimits(
  voice: Voice,
  events: EventsFile | undefined,
  { limits }: RunResult,
): Promise<void> {
  if (limits.length === 0) return;
  const { limitEvent, limitLine } = await import("../launch/limits_reached.ts");
  for (const reached of limits) {
    const event = limitEvent(reached, new Date().toISOString());
    events?.write(event);
    voice.say(limitLine(reached), { event });
  }
}

function needsExternal({ net, network }: Plan): boolean {
  return net.external !== undefined && net.denyAll === undefined && network === "gateway";
}

async function externalOf(
  { plan, caller }: Prepared,
  voice: Voice,
  events: EventsFile | undefined,
): Promise<ExternalProxy | undefined> {
  const { external: rule } = plan.net;
  if (rule === undefined || !needsExternal(plan)) return undefined;
  const { startExternal } = await import("../launch/start_external.ts");
  const isWritableInside = (path: SafePath) => decidePath(plan.decider, "write", path).allowed;
  const onEvent = (event: DecisionEvent) => events?.write(event);
  return await startExternal({ rule, caller, isWritableInside, voice, onEvent });
}

/**
 * `tombolo run`: one command in one sandbox.
 *
 * @param args Arguments after `run`
 * @returns The exit status
 * @throws {TomboloError} where nothing was run
 */
export async function run(args: readonly string[]): Promise<number> {
  const trace = await traceOf(args);
  // First of all: it waits in vain, and its pipes would be left, wherever this ends before.
  using standby = Standby.open(Deno.env.get("TOMBOLO_STANDBY"), Deno.uid());
  const { flags, command } = parseFlags(args);
  trace?.mark("flags parsed");
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("run");
  if (has(flags, "dry-run")) return (await import("./explain.ts")).explain(args);
  if (command.length === 0) {
    throw new TomboloError("usage", "No command given", {
      remedy: "wanted: tombolo run [FLAGS] -- COMMAND [ARG...]",
    });
  }
  const voice = voiceOf(flags);
  using events = openEvents(flags);
  for (let start = 1;; start++) {
    try {
      const status = await runOnce({ flags, command, voice, events, trace, standby });
      if (has(flags, "trace-start")) trace?.tell(voice);
      return status;
    } catch (error) {
      // Another sandbox beside this one has set something aside, most likely.
      if (error instanceof TreeChanged && start < MOST_STARTS) continue;
      events?.discard();
      throw error;
    }
  }
}

function writeEvents(events: EventsFile, plan: Plan, { setAside }: RunResult, began: number): void {
  for (const event of socketEvents(plan, new Date(began).toISOString())) events.write(event);
  for (const event of protectionEvents(setAside, new Date().toISOString())) events.write(event);
}

async function runOnce(ordered: Ordered): Promise<number> {
  const { voice, events, trace } = ordered;
  const prepared = await prepareRunnable(ordered);
  const denials = new DenialLog();
  const onEvent = (event: DecisionEvent) => {
    events?.write(event);
    denials.note(event);
  };
  await using external = await externalOf(prepared, voice, events);
  const isCutOff = needsExternal(prepared.plan) && external === undefined;
  const { plan, planThroughStage2 } = isCutOff ? prepared.withoutNetwork() : prepared;
  for (const notice of plan.notices) voice.say(notice);
  voice.detail(`network ${plan.network}, ${plan.mounts.length} mounts, started by ${plan.launcher.kind}`);
  const context = { ...prepared.context, onEvent, voice, trace, ...(external && { external }) };
  const began = Date.now();
  const result = await runPrepared(plan, planThroughStage2, context);
  if (events !== undefined) writeEvents(events, plan, result, began);
  await reportDenials(voice, denials, plan, onEvent, result.status);
  await reportSetAside(voice, result);
  await reportLimits(voice, events, result);
  return result.status;
}
