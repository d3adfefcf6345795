import { SafePath } from "../paths/safe_path.ts";
import type { RuntimeFiles } from "../plan/host_facts.ts";
import type { HeldLimits } from "../plan/plan_limits.ts";
import { checkExternal } from "../policy/external_rules.ts";
import type { Policy } from "../policy/policy.ts";
import type { Weaker } from "../plan/landlock/obstacle.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { BackendChoice } from "./backend.ts";
import { type BubblewrapHost, bubblewrapHost } from "./bubblewrap_host.ts";
import type { LandlockHost } from "./landlock/landlock_host.ts";
import type { OwnProgram } from "./own_program.ts";
import type { SeatbeltHost } from "./seatbelt/seatbelt_host.ts";
import type { Standby } from "./standby.ts";
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
  readonly home: SafePath;
  readonly uid: number | null;
  readonly backend: BackendChoice;
  readonly weaker: Weaker;
  /** What waits to start the command. */
  readonly standby?: Standby | undefined;
}

/** What stays the same for every command that is run under one policy. */
export interface InspectedHost extends HostRequest {
  readonly directories: Directories;
  /** What enforces the policy: one of these. */
  readonly bubblewrap?: BubblewrapHost;
  readonly landlock?: LandlockHost;
  /** Why it is not the backend that comes first, as a sentence. */
  readonly instead?: string;
  readonly seatbelt?: SeatbeltHost;
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
async function heldLimits(
  { limits }: Policy,
  uid: number | null,
  sharesNamespace: boolean,
): Promise<HeldLimits | undefined> {
  if (Object.keys(limits).every((name) => name === "wallTime")) return undefined;
  const [{ limitFacts }, { planLimits }] = await Promise.all([
    import("./limit_facts.ts"),
    import("../plan/plan_limits.ts"),
  ]);
  return planLimits(limits, limitFacts(limits, { uid, kernel: Deno.osRelease(), sharesNamespace }));
}

/** The file of CA certificates that a policy names, looked at. */
export async function caBundleOf({ caBundle }: Policy, uid: number | null): Promise<string | undefined> {
  if (caBundle === undefined) return undefined;
  const { checkedCaBundle } = await import("./ca_bundle.ts");
  return checkedCaBundle(caBundle, uid);
}

type Backend = Pick<InspectedHost, "bubblewrap" | "landlock" | "seatbelt" | "instead">;

/** What choosing a backend takes. */
interface BackendRequest extends HostRequest {
  readonly directories: Directories;
}

async function openLandlock(
  { directories, program, uid, weaker, standby }: BackendRequest,
): Promise<LandlockHost> {
  const { LandlockHost } = await import("./landlock/landlock_host.ts");
  const runtime = await program.runtime(directories.state);
  return new LandlockHost({ directories, runtime, uid, standby }, weaker);
}

// Without what bubblewrap itself has said: this is told at every start.
function insteadOf({ message }: TomboloError): string {
  const reason = message.replace(/^Cannot build the sandbox: /, "").replace(/ \(\S+ said .*\)$/, "");
  return `Landlock stands in for bubblewrap: ${reason}`;
}

// bubblewrap holds more, so it comes first.
async function chooseBackend(request: BackendRequest): Promise<Backend> {
  const { backend, environment, directories, uid, whole, policy } = request;
  if (Deno.build.os === "darwin") {
    return { seatbelt: (await import("./seatbelt/seatbelt_host.ts")).seatbeltHost() };
  }
  if (backend === "landlock") return { landlock: await openLandlock(request) };
  const bubblewrap = (believesFailure: boolean) =>
    bubblewrapHost({
      searchPath: environment["PATH"] ?? "",
      stateDirectory: directories.state,
      uid,
      isWritableInside: isWritableInside(whole),
      believesFailure,
    });
  try {
    return { bubblewrap: await bubblewrap(backend === "auto") };
  } catch (error) {
    if (backend !== "auto" || !(error instanceof TomboloError) || error.kind !== "sandbox") throw error;
    const { hasProc } = await import("./has_proc.ts");
    if (!hasProc()) throw error;
    const landlock = await openLandlock(request);
    try {
      await landlock.checkInstead(policy, error);
    } catch (refusal) {
      await landlock[Symbol.asyncDispose]();
      // The host may have been put right since it was tried.
      return {
        bubblewrap: await bubblewrap(false).catch(() => {
          throw refusal;
        }),
      };
    }
    return { landlock, instead: insteadOf(error) };
  }
}

/**
 * Looks once at what does not depend on the command: what can enforce the policy here, the state directory, how limits can
 * be held.
 *
 * @throws {TomboloError} where the host cannot enforce the policy, with the remedy
 */
export async function inspectHost(request: HostRequest): Promise<InspectedHost> {
  const { policy, program, environment, current, uid } = request;
  checkExternal(policy.net);
  const directories = openDirectories((name) => environment[name], uid);
  const backend = await chooseBackend({ ...request, directories });
  const runtime = await program.runtime(directories.state);
  const caBundle = await caBundleOf(policy, uid);
  // What a Mac can hold depends on nothing that has to be looked at.
  const held = backend.seatbelt === undefined
    ? await heldLimits(policy, uid, backend.landlock !== undefined)
    : undefined;
  return {
    ...request,
    ...backend,
    directories,
    runtime,
    externalFiles: await externalFilesOf(policy, current),
    ...(held === undefined ? {} : { held }),
    ...(caBundle === undefined ? {} : { caBundle }),
  };
}
