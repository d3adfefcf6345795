import { findBwrap, findProgram, type FoundProgram } from "../launch/find_bwrap.ts";
import { gatherFacts, isTrustedLink, resolveTrusted } from "../launch/gather_facts.ts";
import { LiveLock } from "../launch/live_lock.ts";
import { probeOnce, type ProbeRequest } from "../launch/probe.ts";
import type { RunContext } from "../launch/run_plan.ts";
import { hidesSystem, libraries, runtimeFiles } from "../launch/runtime_files.ts";
import { type Directories, openDirectories } from "../launch/state_directory.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { HostFacts, ProgramFacts, RuntimeFiles } from "../plan/host_facts.ts";
import { makePlan } from "../plan/make_plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { PlanRequest } from "../plan/plan_request.ts";
import type { HeldLimits } from "../plan/plan_limits.ts";
import { commandEnvironment } from "../policy/command_environment.ts";
import { checkExternal, nothingLeaves } from "../policy/external_rules.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicySource } from "../policy/policy_source.ts";
import { limitsPrograms } from "../policy/run_policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { GivenFlag } from "./flags.ts";
import {
  buildContext,
  caBundleOf,
  callerEnvironment,
  currentDirectory,
  type Environment,
  homeDirectory,
  lastValue,
  policyOf,
  policySources,
} from "./read_policy.ts";
import { withUpstream } from "./with_upstream.ts";

/** Everything between the command line and the start. */
export interface Prepared {
  readonly policy: Policy;
  readonly plan: Plan;
  /** Makes the same plan again, started through stage2. */
  readonly planThroughStage2: () => Plan;
  /** Makes both plans again, with nothing allowed to leave. */
  readonly withoutNetwork: () => Pick<Prepared, "plan" | "planThroughStage2">;
  /** The whole environment of the caller. */
  readonly caller: Readonly<Record<string, string>>;
  readonly context: Omit<RunContext, "onEvent" | "voice">;
}

function workingDirectory(named: string | undefined, current: SafePath, uid: number | null): SafePath {
  if (named === undefined) return current;
  const { real, kind } = resolveTrusted(SafePath.from(named, current.toString()), "working directory", uid);
  if (kind === "directory") return real;
  throw new TomboloError("usage", `Cannot use working directory ${quote(named)}: no such directory`);
}

/** tombolo's own files; from source, bin/tombolo says where they are. */
function ownFiles(environment: Environment, directories: Directories): string[] {
  const root = environment["TOMBOLO_ROOT"] ?? import.meta.dirname;
  const denoDir = environment["DENO_DIR"];
  return [root, Deno.execPath(), denoDir, directories.state, directories.run].filter((path) =>
    path !== undefined
  );
}

function isWritableInside(policy: Policy): (path: string) => boolean {
  const roots = policy.write.allow.map(({ path }) => path).filter((path) => path.depth > 0);
  return (path) => roots.some((root) => root.contains(SafePath.of(path)));
}

// What the arguments of an external proxy name; it runs on the host.
async function externalFilesOf({ net }: Policy, current: SafePath): Promise<string[]> {
  if (net.external === undefined) return [];
  const { externalFiles } = await import("../launch/external_files.ts");
  return externalFiles(net.external, current.toString());
}

// Only where AF_UNIX is open at all.
async function socketsOf(
  policy: Policy,
  directories: Directories,
  uid: number | null,
): Promise<Pick<HostFacts, "sockets">> {
  if (policy.unix === undefined) return {};
  const { hostSockets } = await import("../launch/host_sockets.ts");
  return { sockets: hostSockets(policy.read.deny.map(({ path }) => path), directories.run, uid) };
}

// What rules about programs name, in the command's own environment.
async function ruledPrograms(
  policy: Policy,
  searchPath: string | undefined,
  cwd: SafePath,
  uid: number | null,
): Promise<ProgramFacts | undefined> {
  if (!limitsPrograms(policy.run)) return undefined;
  const { gatherPrograms } = await import("../launch/gather_programs.ts");
  const isWritable = isWritableInside(policy);
  return gatherPrograms({
    run: policy.run,
    searchPath,
    cwd,
    isTrusted: (link) => isTrustedLink(link, uid),
    isWritable: (path) => isWritable(path.toString()),
  });
}

// How the kernel can hold the limits; wall time is tombolo's own to hold.
async function heldLimits({ limits }: Policy, uid: number | null): Promise<HeldLimits | undefined> {
  if (Object.keys(limits).every((name) => name === "wallTime")) return undefined;
  const [{ limitFacts }, { planLimits }] = await Promise.all([
    import("../launch/limit_facts.ts"),
    import("../plan/plan_limits.ts"),
  ]);
  return planLimits(limits, limitFacts(limits, { uid, kernel: Deno.osRelease() }));
}

interface Programs {
  readonly bwrap: FoundProgram;
  readonly env: string | undefined;
  /** Whether a fresh /proc can be mounted. */
  readonly proc: boolean;
  readonly probe: ProbeRequest;
}

async function programs(
  policy: Policy,
  environment: Environment,
  stateDirectory: string,
  uid: number | null,
): Promise<Programs> {
  const writable = isWritableInside(policy);
  const bwrap = findBwrap(environment["PATH"] ?? "", writable, uid);
  const env = findProgram("env", "/usr/bin:/bin", writable, uid);
  const probe = { bwrap, env, kernel: Deno.osRelease(), uid, stateDirectory };
  const probed = await probeOnce(probe);
  return { bwrap, env: probed.env ? env?.path : undefined, proc: probed.proc, probe };
}

// Asked only where it matters: the answer costs a start of stage2.
async function lateMountsWork(probe: ProbeRequest, runtime: RuntimeFiles): Promise<boolean> {
  return (await import("../launch/probe_late_mounts.ts")).probeLateMounts(probe, runtime);
}

/** What a plan is prepared for. */
export interface PrepareOptions {
  /** Files of this run that the sandbox must not write: absolute real paths. */
  readonly alsoOwn?: readonly string[];
  /** Whether it is going to be run. */
  readonly runs?: boolean;
  /** What comes before files and flags; told the working directory inside. */
  readonly sources?: (cwd: SafePath) => readonly PolicySource[];
  /** Makes the policy narrower before it is planned; told the working directory inside. */
  readonly narrow?: (policy: Policy, cwd: SafePath) => Policy;
  /** Whether the command will be a program of tombolo's own, for the runtime of stage2. */
  readonly needsRuntime?: boolean;
}

/**
 * From flags to a plan: files are read, rules parsed, the host looked at once.
 *
 * @throws {TomboloError} for whatever is wrong; nothing has been started
 */
export async function prepare(
  flags: readonly GivenFlag[],
  command: readonly string[],
  { alsoOwn = [], runs = false, ...options }: PrepareOptions = {},
): Promise<Prepared> {
  const environment = Deno.env.toObject();
  const caller = callerEnvironment();
  const uid = Deno.uid();
  const named = lastValue(flags, "cwd");
  const current = currentDirectory();
  const cwd = workingDirectory(named, current, uid);
  const home = homeDirectory(caller["HOME"]);
  const sources = [...options.sources?.(cwd) ?? [], ...await policySources(flags, cwd, current)];
  const whole = await policyOf(sources, buildContext(caller, cwd, home));
  const policy = options.narrow?.(whole, cwd) ?? whole;
  checkExternal(policy.net);
  const caBundle = await caBundleOf(policy, uid);
  const held = await heldLimits(policy, uid);
  const directories = openDirectories((name) => environment[name], uid);
  const live = runs ? await LiveLock.take(directories.state) : undefined;
  // What commands under the whole policy may write is not to be run either.
  const { bwrap, env, proc, probe } = await programs(whole, environment, directories.state, uid);
  const inside = commandEnvironment(policy.env, caller);
  const ruled = await ruledPrograms(policy, inside.get("PATH"), cwd, uid);
  const facts: HostFacts = {
    ...await gatherFacts({
      policy,
      cwd,
      home,
      uid,
      own: [
        ...ownFiles(environment, directories),
        ...alsoOwn,
        ...await externalFilesOf(policy, current),
        // The next run trusts it too.
        ...(caBundle === undefined ? [] : [caBundle]),
      ],
      stateDirectory: directories.state,
      sessionDirectory: environment["XDG_RUNTIME_DIR"],
      ...(ruled === undefined ? {} : { denied: ruled.deny }),
    }),
    ...(ruled === undefined ? {} : { programs: ruled }),
    ...(env === undefined ? {} : { env }),
    ...(proc ? {} : { withoutProc: true }),
    ...await socketsOf(policy, directories, uid),
  };
  const runtime = runtimeFiles(environment);
  const isContested = live?.isAlone === false && await lateMountsWork(probe, runtime);
  const usual: PlanRequest = {
    command,
    environment: inside,
    cwdNamed: named !== undefined,
    stage2: environment["TOMBOLO_LEAK"] !== undefined,
    lateMounts: isContested ? "all" : "many",
    needsRuntime: options.needsRuntime ?? false,
    runtime: hidesSystem(policy, ruled) ? { ...runtime, libraries: libraries(runtime.deno) } : runtime,
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(held === undefined ? {} : { held }),
  };
  const first = makePlan(policy, facts, usual);
  const needsProbe = !isContested && first.orders.mounts !== undefined;
  const isRefused = needsProbe && !await lateMountsWork(probe, runtime);
  const request: PlanRequest = isRefused ? { ...usual, lateMounts: "none" } : usual;
  const plan = isRefused ? makePlan(policy, facts, request) : first;
  const planThroughStage2 = (net: NetPolicy) =>
    makePlan({ ...policy, net }, facts, { ...request, stage2: true });
  return {
    policy,
    plan: await withUpstream(plan, policy, caller),
    planThroughStage2: () => planThroughStage2(policy.net),
    withoutNetwork() {
      const net = nothingLeaves(policy.net);
      return {
        plan: makePlan({ ...policy, net }, facts, request),
        planThroughStage2: () => planThroughStage2(net),
      };
    },
    caller,
    context: {
      bwrap: bwrap.path,
      directories,
      masks: facts,
      uid,
      openFiles: environment["TOMBOLO_NOFILE"] || undefined,
      ...(live && { live }),
      ...(caBundle === undefined ? {} : { caBundle }),
    },
  };
}
