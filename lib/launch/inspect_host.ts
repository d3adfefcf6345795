import { SafePath } from "../paths/safe_path.ts";
import type { RuntimeFiles } from "../plan/host_facts.ts";
import type { HeldLimits } from "../plan/plan_limits.ts";
import { checkExternal } from "../policy/external_rules.ts";
import type { Policy } from "../policy/policy.ts";
import { findBwrap, findProgram } from "./find_bwrap.ts";
import { probeOnce, type ProbeRequest } from "./probe.ts";
import type { OwnProgram } from "./own_program.ts";
import { type Directories, openDirectories } from "./state_directory.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string>>;

/** What the host is looked at for. */
export interface HostRequest {
  readonly policy: Policy;
  /** The policy before it was made narrower: what commands under it may write is not to be run either. */
  readonly whole: Policy;
  /** Where stage2 and the worker are. */
  readonly program: OwnProgram;
  /** The environment of this process: where bubblewrap and the state directory are. */
  readonly environment: Environment;
  /** The whole environment of the caller, from which the policy chooses. */
  readonly caller: Environment;
  /** Where relative paths of programs start. */
  readonly current: SafePath;
  readonly home: SafePath | undefined;
  readonly uid: number | null;
}

/** What stays the same for every command that is run under one policy. */
export interface InspectedHost extends HostRequest {
  readonly directories: Directories;
  /** Absolute path of bubblewrap. */
  readonly bwrap: string;
  /** An `env` that knows `--default-signal`. */
  readonly env: string | undefined;
  /** Whether a fresh /proc can be mounted. */
  readonly proc: boolean;
  readonly probe: ProbeRequest;
  readonly runtime: RuntimeFiles;
  readonly held?: HeldLimits;
  /** Real path of the CA certificates that the policy names. */
  readonly caBundle?: string;
  /** What the arguments of an external proxy name; it runs on the host. */
  readonly externalFiles: readonly string[];
}

/** Tells what commands under a policy may write. */
export function isWritableInside(policy: Policy): (path: string) => boolean {
  const roots = policy.write.allow.map(({ path }) => path).filter((path) => path.depth > 0);
  return (path) => roots.some((root) => root.contains(SafePath.of(path)));
}

async function externalFilesOf({ net }: Policy, current: SafePath): Promise<string[]> {
  if (net.external === undefined) return [];
  const { externalFiles } = await import("./external_files.ts");
  return externalFiles(net.external, current.toString());
}

// How the kernel can hold the limits; wall time is tombolo's own to hold.
async function heldLimits({ limits }: Policy, uid: number | null): Promise<HeldLimits | undefined> {
  if (Object.keys(limits).every((name) => name === "wallTime")) return undefined;
  const [{ limitFacts }, { planLimits }] = await Promise.all([
    import("./limit_facts.ts"),
    import("../plan/plan_limits.ts"),
  ]);
  return planLimits(limits, limitFacts(limits, { uid, kernel: Deno.osRelease() }));
}

/** The file of CA certificates that a policy names, looked at. */
export async function caBundleOf({ caBundle }: Policy, uid: number | null): Promise<string | undefined> {
  if (caBundle === undefined) return undefined;
  const { checkedCaBundle } = await import("./ca_bundle.ts");
  return checkedCaBundle(caBundle, uid);
}

/**
 * Looks once at what does not depend on the command: what bubblewrap can do here, the state directory, how limits can be
 * held.
 *
 * @throws {TomboloError} where the host cannot enforce the policy, with the remedy
 */
export async function inspectHost(request: HostRequest): Promise<InspectedHost> {
  const { policy, whole, program, environment, current, uid } = request;
  checkExternal(policy.net);
  const caBundle = await caBundleOf(policy, uid);
  const held = await heldLimits(policy, uid);
  const directories = openDirectories((name) => environment[name], uid);
  const writable = isWritableInside(whole);
  const bwrap = findBwrap(environment["PATH"] ?? "", writable, uid);
  const env = findProgram("env", "/usr/bin:/bin", writable, uid);
  const probe = { bwrap, env, kernel: Deno.osRelease(), uid, stateDirectory: directories.state };
  const probed = await probeOnce(probe);
  return {
    ...request,
    directories,
    bwrap: bwrap.path,
    env: probed.env ? env?.path : undefined,
    proc: probed.proc,
    probe,
    runtime: await program.runtime(directories.state),
    externalFiles: await externalFilesOf(policy, current),
    ...(held === undefined ? {} : { held }),
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}
