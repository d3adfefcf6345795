import type { SafePath } from "../paths/safe_path.ts";
import type { HostFacts, ProgramFacts, RuntimeFiles } from "../plan/host_facts.ts";
import { makePlan } from "../plan/make_plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { PlanRequest } from "../plan/plan_request.ts";
import type { StartTrace } from "../report/start_trace.ts";
import { commandEnvironment } from "../policy/command_environment.ts";
import { nothingLeaves } from "../policy/external_rules.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { Policy } from "../policy/policy.ts";
import { limitsPrograms } from "../policy/run_policy.ts";
import { gatherFacts, isTrustedLink } from "./gather_facts.ts";
import { type Environment, type InspectedHost, isWritableInside } from "./inspect_host.ts";
import type { LandlockHost } from "./landlock/landlock_host.ts";
import { LiveLock } from "./live_lock.ts";
import type { ProbeRequest } from "./probe.ts";
import type { RunContext } from "./run_context.ts";
import { hidesSystem, libraries } from "./runtime_files.ts";
import type { Streams } from "./spawn_shell.ts";
import type { Directories } from "./state_directory.ts";
import { withUpstream } from "./with_upstream.ts";

/** Everything between a policy and the start. */
export interface Prepared {
  readonly policy: Policy;
  readonly plan: Plan;
  /** Makes the same plan again, started through stage2. */
  readonly planThroughStage2: () => Plan;
  /** Makes both plans again, with nothing allowed to leave. */
  readonly withoutNetwork: () => Pick<Prepared, "plan" | "planThroughStage2">;
  /** The whole environment of the caller. */
  readonly caller: Environment;
  /** Finds the worker's bundle. */
  readonly worker: () => Promise<string>;
  readonly context: Omit<RunContext, "onEvent" | "voice">;
}

/** One command to prepare. */
export interface RunRequest {
  readonly command: readonly string[];
  /** Real path of the working directory. */
  readonly cwd: SafePath;
  /** Whether the user named it, so that hiding it is an error. */
  readonly cwdNamed: boolean;
  /** Files of this run that the sandbox must not write, beside tombolo's own. */
  readonly own: readonly string[];
  /** Whether it is going to be run. */
  readonly runs?: boolean;
  /** Whether it is started at some later time: another sandbox may change the tree before. */
  readonly waits?: boolean;
  /** Whether the command will be a program of tombolo's own, for a Deno. */
  readonly needsRuntime?: boolean;
  /** Where the command's streams lead; to those of this process unless given. */
  readonly streams?: Streams;
  /** Whether this process is not tombolo's own, and its signals are left alone. */
  readonly embedded?: boolean;
  /** Whether the caller is known to leak descriptors that only stage2 can close. */
  readonly throughStage2?: boolean;
  /** Told when each phase is over. */
  readonly trace?: StartTrace | undefined;
}

// Only where AF_UNIX is open at all.
async function socketsOf(
  policy: Policy,
  directories: Directories,
  uid: number | null,
): Promise<Pick<HostFacts, "sockets">> {
  if (policy.unix === undefined) return {};
  const { hostSockets } = await import("./host_sockets.ts");
  return { sockets: hostSockets(policy.read.deny.map(({ path }) => path), directories.run, uid) };
}

// What rules about programs name, in the command's own environment.
async function programsOf(
  policy: Policy,
  searchPath: string | undefined,
  cwd: SafePath,
  uid: number | null,
): Promise<ProgramFacts | undefined> {
  if (!limitsPrograms(policy.run)) return undefined;
  const { ruledPrograms } = await import("./ruled_programs.ts");
  const isWritable = isWritableInside(policy);
  return ruledPrograms({
    run: policy.run,
    searchPath,
    cwd,
    isTrusted: (link) => isTrustedLink(link, uid),
    isWritable: (path) => isWritable(path.toString()),
  });
}

// Asked only where it matters: the answer costs a start of stage2.
async function lateMountsWork(probe: ProbeRequest, runtime: RuntimeFiles): Promise<boolean> {
  return (await import("./probe_late_mounts.ts")).probeLateMounts(probe, runtime);
}

/**
 * From a policy and a command to a plan. Everything that a sandbox could have changed meanwhile is looked at anew:
 * links, repositories, what patterns match, programs.
 *
 * @throws {TomboloError} for whatever is wrong; nothing has been started
 */
export async function prepareRun(host: InspectedHost, request: RunRequest): Promise<Prepared> {
  const live = request.runs === true ? await LiveLock.take(host.directories.state) : undefined;
  try {
    if (host.seatbelt !== undefined) return await prepareSeatbelt(host, request, live);
    return await (host.landlock === undefined
      ? prepareBubblewrap(host, request, live)
      : prepareLandlock(host, host.landlock, request, live));
  } catch (error) {
    live?.[Symbol.dispose]();
    throw error;
  }
}

async function gather(
  host: InspectedHost,
  { cwd, own }: RunRequest,
  ruled: ProgramFacts | undefined,
): Promise<HostFacts> {
  const { policy, home, uid, directories, environment, bubblewrap, caBundle } = host;
  const env = bubblewrap?.env;
  return {
    ...await gatherFacts({
      policy,
      cwd,
      home,
      uid,
      // The next run trusts the certificates too.
      own: [
        ...host.program.files,
        directories.state,
        directories.run,
        ...own,
        ...host.externalFiles,
        ...(caBundle === undefined ? [] : [caBundle]),
      ],
      stateDirectory: directories.state,
      sessionDirectory: environment["XDG_RUNTIME_DIR"],
      ...(ruled === undefined ? {} : { denied: ruled.deny }),
    }),
    ...(ruled === undefined ? {} : { programs: ruled }),
    ...(env === undefined ? {} : { env }),
    ...(bubblewrap?.proc === false ? { withoutProc: true } : {}),
    // Seatbelt knows sockets by their paths: those that are not named need not be hidden.
    ...(host.seatbelt === undefined ? await socketsOf(policy, directories, uid) : {}),
  };
}

interface Settled {
  readonly facts: HostFacts;
  readonly usual: PlanRequest;
}

async function settle(host: InspectedHost, request: RunRequest): Promise<Settled> {
  const { policy, caller, uid, runtime, caBundle, held, bubblewrap } = host;
  const inside = commandEnvironment(policy.env, caller);
  const ruled = await programsOf(policy, inside.get("PATH"), request.cwd, uid);
  const ownRuntime = request.needsRuntime === true
    ? await host.program.deno(host.directories.state)
    : undefined;
  const programs = [runtime.deno ?? runtime.stage2, ownRuntime].filter((path) => path !== undefined);
  const brings = bubblewrap !== undefined && hidesSystem(policy, ruled);
  const usual: PlanRequest = {
    command: request.command,
    environment: inside,
    cwdNamed: request.cwdNamed,
    stage2: request.throughStage2 ?? false,
    runtime: brings ? { ...runtime, libraries: libraries(programs) } : runtime,
    ...(ownRuntime === undefined ? {} : { ownRuntime }),
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(held === undefined ? {} : { held }),
  };
  const facts = await gather(host, request, ruled);
  request.trace?.mark("facts gathered");
  return { facts, usual };
}

async function contextOf(
  { directories, uid, program, caBundle, standby }: InspectedHost,
  facts: HostFacts,
  live: LiveLock | undefined,
): Promise<Prepared["context"]> {
  return {
    directories,
    masks: facts,
    uid,
    openFiles: await program.openFiles(),
    ...(standby && { standby }),
    ...(live && { live }),
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}

async function prepareLandlock(
  host: InspectedHost,
  landlock: LandlockHost,
  request: RunRequest,
  live: LiveLock | undefined,
): Promise<Prepared> {
  const { policy, caller, program, directories } = host;
  await using unused = new AsyncDisposableStack();
  const confine = request.runs === true
    ? unused.use(landlock.take({ streams: request.streams, embedded: request.embedded }))
    : undefined;
  const { facts, usual } = await settle(host, request);
  const planFor = await landlock.planner();
  const planWith = (net: NetPolicy) => {
    const plan = planFor({ ...policy, net }, facts, usual);
    return host.instead === undefined ? plan : { ...plan, notices: [host.instead, ...plan.notices] };
  };
  const plan = await withUpstream(planWith(policy.net), policy, caller);
  const context = await contextOf(host, facts, live);
  unused.move();
  return {
    policy,
    plan,
    planThroughStage2: () => plan,
    withoutNetwork() {
      const cutOff = planWith(nothingLeaves(policy.net));
      return { plan: cutOff, planThroughStage2: () => cutOff };
    },
    caller,
    worker: () => program.worker(directories.state),
    context: { ...context, ...(confine && { confine }) },
  };
}

async function prepareSeatbelt(
  host: InspectedHost,
  request: RunRequest,
  live: LiveLock | undefined,
): Promise<Prepared> {
  const { policy, caller, program, directories } = host;
  const { planSeatbelt } = await import("../plan/seatbelt/plan_seatbelt.ts");
  const { facts, usual } = await settle(host, request);
  const plan = await withUpstream(planSeatbelt(policy, facts, usual), policy, caller);
  return {
    policy,
    plan,
    planThroughStage2: () => plan,
    withoutNetwork() {
      const cutOff = planSeatbelt({ ...policy, net: nothingLeaves(policy.net) }, facts, usual);
      return { plan: cutOff, planThroughStage2: () => cutOff };
    },
    caller,
    worker: () => program.worker(directories.state),
    context: await contextOf(host, facts, live),
  };
}

async function prepareBubblewrap(
  host: InspectedHost,
  request: RunRequest,
  live: LiveLock | undefined,
): Promise<Prepared> {
  const { policy, caller, directories, runtime, bubblewrap } = host;
  if (bubblewrap === undefined) throw new TypeError("Cannot prepare a run: no backend has been chosen");
  const { bwrap, probe } = bubblewrap;
  const isContested = (live?.isAlone === false || request.waits === true) &&
    await lateMountsWork(probe, runtime);
  const { facts, usual: always } = await settle(host, request);
  const usual: PlanRequest = { ...always, lateMounts: isContested ? "all" : "many" };
  const first = makePlan(policy, facts, usual);
  const needsProbe = !isContested && first.orders.mounts !== undefined;
  const isRefused = needsProbe && !await lateMountsWork(probe, runtime);
  const plan: PlanRequest = isRefused ? { ...usual, lateMounts: "none" } : usual;
  const planThroughStage2 = (net: NetPolicy) =>
    makePlan({ ...policy, net }, facts, { ...plan, stage2: true });
  return {
    policy,
    plan: await withUpstream(isRefused ? makePlan(policy, facts, plan) : first, policy, caller),
    planThroughStage2: () => planThroughStage2(policy.net),
    withoutNetwork() {
      const net = nothingLeaves(policy.net);
      return {
        plan: makePlan({ ...policy, net }, facts, plan),
        planThroughStage2: () => planThroughStage2(net),
      };
    },
    caller,
    worker: () => host.program.worker(directories.state),
    context: { ...await contextOf(host, facts, live), bwrap: bwrap.path },
  };
}
