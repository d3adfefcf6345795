import { findBwrap, findProgram, type FoundProgram } from "../launch/find_bwrap.ts";
import { gatherFacts, isTrustedLink, resolveTrusted } from "../launch/gather_facts.ts";
import { LiveLock } from "../launch/live_lock.ts";
import { probeOnce, type ProbeRequest } from "../launch/probe.ts";
import type { RunContext } from "../launch/run_plan.ts";
import { type Directories, openDirectories } from "../launch/state_directory.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { HostFacts, ProgramFacts, RuntimeFiles } from "../plan/host_facts.ts";
import { makePlan } from "../plan/make_plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { HeldLimits } from "../plan/plan_limits.ts";
import type { BuildContext } from "../policy/build_context.ts";
import { commandEnvironment } from "../policy/command_environment.ts";
import { expandPresets } from "../policy/expand_presets.ts";
import { checkExternal, nothingLeaves } from "../policy/external_rules.ts";
import type { Limits } from "../policy/limits.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import { NO_NET, parsePolicy, speaksOfHosts } from "../policy/parse_policy.ts";
import type { Policy } from "../policy/policy.ts";
import { limitsPrograms } from "../policy/run_policy.ts";
import type { PolicySource } from "../policy/policy_source.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { GivenFlag } from "./flags.ts";
import { flagsToSource } from "./flags_to_source.ts";
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

type Environment = Readonly<Record<string, string>>;

/** The rules about hosts, and what goes with them. */
export interface ReadNetPolicy {
  readonly net: NetPolicy;
  /** The whole environment of the caller. */
  readonly caller: Environment;
  /** Real path of the CA certificates that clients are to trust. */
  readonly caBundle?: string;
}

function lastValue(flags: readonly GivenFlag[], name: string): string | undefined {
  return flags.findLast((flag) => flag.name === name)?.value;
}

// Where the user stands; getcwd(3) has no links in it.
function currentDirectory(): SafePath {
  try {
    return SafePath.of(Deno.cwd());
  } catch (error) {
    throw new TomboloError("usage", "Cannot find the working directory: it has been removed", {
      cause: error,
    });
  }
}

function workingDirectory(named: string | undefined, current: SafePath, uid: number | null): SafePath {
  if (named === undefined) return current;
  const { real, kind } = resolveTrusted(SafePath.from(named, current.toString()), "working directory", uid);
  if (kind === "directory") return real;
  throw new TomboloError("usage", `Cannot use working directory ${quote(named)}: no such directory`);
}

// Behind a link, such as /home on another disk, it is the real directory that rules must name.
function homeDirectory(text: string | undefined): SafePath | undefined {
  if (text?.startsWith("/") !== true) return undefined;
  try {
    return SafePath.of(Deno.realPathSync(text));
  } catch {
    return SafePath.of(text);
  }
}

// The variables of bin/tombolo are not the caller's.
function callerEnvironment(): Record<string, string> {
  const all = Deno.env.toObject();
  const aside = "TOMBOLO_CALLER_";
  const kept = Object.entries(all).filter(([name]) => name.startsWith(aside));
  const own = ["DENO_DIR", "DENO_NO_UPDATE_CHECK", "DENO_TLS_CA_STORE"];
  const caller = Object.fromEntries(
    Object.entries(all).filter(([name]) => !own.includes(name) && !name.startsWith("TOMBOLO_")),
  );
  return { ...caller, ...Object.fromEntries(kept.map(([name, value]) => [name.slice(aside.length), value])) };
}

async function policySources(
  flags: readonly GivenFlag[],
  cwd: SafePath,
  current: SafePath,
): Promise<PolicySource[]> {
  const files = flags.filter(({ name }) => name === "policy").map(({ value }) => value ?? "");
  const sources: PolicySource[] = [];
  if (files.length > 0) {
    const { loadPolicyFile } = await import("../policy/load_policy_file.ts");
    // A file is named from where the user stands, as in any other program; what it holds starts at the file.
    for (const file of files) {
      sources.push(...loadPolicyFile(SafePath.from(file, current.toString()).toString(), file, "--policy"));
    }
  }
  return [...sources, flagsToSource(flags, cwd.toString())];
}

async function limitsOf(sources: readonly PolicySource[]): Promise<Limits> {
  if (sources.every(({ limits }) => limits === undefined)) return {};
  const { parseLimits } = await import("../policy/parse_limits.ts");
  return parseLimits(sources);
}

// As buildPolicy, but what parses hosts is loaded only where a rule names any.
async function policyOf(sources: readonly PolicySource[], context: BuildContext): Promise<Policy> {
  const expanded = expandPresets(sources, context);
  const limits = await limitsOf(expanded.sources);
  if (!speaksOfHosts(expanded)) return parsePolicy(expanded, context, NO_NET, limits);
  const { netPolicy } = await import("../policy/net_rules.ts");
  return parsePolicy(expanded, context, netPolicy(expanded.sources), limits);
}

function buildContext(caller: Environment, cwd: SafePath, home: SafePath | undefined): BuildContext {
  const variable = (name: string) =>
    name === "PWD" ? cwd.toString() : name === "HOME" ? home?.toString() : caller[name];
  return { cwd: cwd.toString(), home: home?.toString(), variable };
}

/**
 * What of a policy a proxy without a sandbox needs.
 *
 * @throws {TomboloError} naming the rule and its origin, for anything that cannot be understood
 */
export async function readNetPolicy(flags: readonly GivenFlag[]): Promise<ReadNetPolicy> {
  const caller = callerEnvironment();
  const current = currentDirectory();
  const sources = await policySources(flags, current, current);
  const policy = await policyOf(sources, buildContext(caller, current, homeDirectory(caller["HOME"])));
  checkExternal(policy.net);
  const caBundle = await caBundleOf(policy, Deno.uid());
  return { net: policy.net, caller, ...(caBundle === undefined ? {} : { caBundle }) };
}

/** tombolo's own files; from source, bin/tombolo says where they are. */
function ownFiles(environment: Environment, directories: Directories): string[] {
  const root = environment["TOMBOLO_ROOT"] ?? import.meta.dirname;
  const denoDir = environment["DENO_DIR"];
  return [root, Deno.execPath(), denoDir, directories.state, directories.run].filter((path) =>
    path !== undefined
  );
}

function runtimeFiles(environment: Environment): RuntimeFiles {
  const stage2 = environment["TOMBOLO_STAGE2_JS"];
  if (stage2 === undefined) {
    throw new TomboloError("sandbox", "Cannot find stage2: TOMBOLO_STAGE2_JS does not name its bundle", {
      remedy: "start tombolo with bin/tombolo",
    });
  }
  return { deno: Deno.execPath(), stage2 };
}

// Asked of the loader itself, and only where the policy hides the host's own libraries.
function libraries(deno: string): string[] {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", 'LD_TRACE_LOADED_OBJECTS=1 "$1"; LD_TRACE_LOADED_OBJECTS=1 /bin/sh', "sh", deno],
    clearEnv: true,
    stdin: "null",
  }).outputSync();
  const text = new TextDecoder().decode(stdout);
  const found = [...text.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] ?? "");
  const unique = [...new Set(found)];
  const isLoader = (path: string) => /\/ld-(?:linux|musl)[^/]*$/.test(path);
  const loader = unique.find(isLoader);
  if (loader === undefined) throw new TomboloError("sandbox", "Cannot find the loader of stage2's runtime");
  return [loader, ...unique.filter((path) => !isLoader(path))].map((path) => Deno.realPathSync(path));
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

async function caBundleOf({ caBundle }: Policy, uid: number | null): Promise<string | undefined> {
  if (caBundle === undefined) return undefined;
  const { checkedCaBundle } = await import("../launch/ca_bundle.ts");
  return checkedCaBundle(caBundle, uid);
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

// The loader is among the system's libraries: without it, stage2's runtime has to bring its own.
function hidesSystem(policy: Policy, programs: ProgramFacts | undefined): boolean {
  const system = ["/usr", "/lib", "/lib64"].map((path) => SafePath.of(path));
  return policy.base === "none" ||
    policy.read.deny.some(({ path }) => system.some((at) => at.contains(path) || path.contains(at))) ||
    (programs?.deny.some(({ path }) => /^ld(?:-|\.so)/.test(path.name)) ?? false);
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
async function canBeContested(probe: ProbeRequest, runtime: RuntimeFiles): Promise<boolean> {
  return (await import("../launch/probe_contested.ts")).probeContested(probe, runtime);
}

/** What a plan is prepared for. */
export interface PrepareOptions {
  /** Files of this run that the sandbox must not write: absolute real paths. */
  readonly alsoOwn?: readonly string[];
  /** Whether it is going to be run. */
  readonly runs?: boolean;
}

/**
 * From flags to a plan: files are read, rules parsed, the host looked at once.
 *
 * @throws {TomboloError} for whatever is wrong; nothing has been started
 */
export async function prepare(
  flags: readonly GivenFlag[],
  command: readonly string[],
  { alsoOwn = [], runs = false }: PrepareOptions = {},
): Promise<Prepared> {
  const environment = Deno.env.toObject();
  const caller = callerEnvironment();
  const uid = Deno.uid();
  const named = lastValue(flags, "cwd");
  const current = currentDirectory();
  const cwd = workingDirectory(named, current, uid);
  const home = homeDirectory(caller["HOME"]);
  const sources = await policySources(flags, cwd, current);
  const policy = await policyOf(sources, buildContext(caller, cwd, home));
  checkExternal(policy.net);
  const caBundle = await caBundleOf(policy, uid);
  const held = await heldLimits(policy, uid);
  const directories = openDirectories((name) => environment[name], uid);
  const live = runs ? await LiveLock.take(directories.state) : undefined;
  const { bwrap, env, proc, probe } = await programs(policy, environment, directories.state, uid);
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
  const contested = live?.isAlone === false && await canBeContested(probe, runtime);
  const request = {
    command,
    environment: inside,
    cwdNamed: named !== undefined,
    stage2: environment["TOMBOLO_LEAK"] !== undefined,
    contested,
    runtime: hidesSystem(policy, ruled) ? { ...runtime, libraries: libraries(runtime.deno) } : runtime,
    ...(caBundle === undefined ? {} : { caBundle }),
    ...(held === undefined ? {} : { held }),
  };
  const planThroughStage2 = (net: NetPolicy) =>
    makePlan({ ...policy, net }, facts, { ...request, stage2: true });
  return {
    policy,
    plan: await withUpstream(makePlan(policy, facts, request), policy, caller),
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
