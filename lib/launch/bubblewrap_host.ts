import { findBwrap, findProgram, type FoundProgram } from "./find_bwrap.ts";
import { lstat } from "../paths/resolve_path.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { probeOnce, type ProbeRequest, type ProbeResult } from "./probe.ts";

/** What this host has to run bubblewrap with. */
export interface BubblewrapHost {
  readonly bwrap: FoundProgram;
  readonly env: string | undefined;
  /** Whether a fresh /proc can be mounted. */
  readonly proc: boolean;
  readonly probe: ProbeRequest;
}

/** Who asks. */
export interface BubblewrapRequest {
  /** The caller's PATH. */
  readonly searchPath: string;
  readonly stateDirectory: string;
  readonly uid: number | null;
  /** Whether what runs in a sandbox may write there. */
  readonly isWritableInside: (path: string) => boolean;
  /** Whether a failure of the last minutes is believed. */
  readonly believesFailure: boolean;
}

/**
 * Finds bubblewrap, and out whether it builds sandboxes here.
 *
 * @throws {TomboloError} where there is none, or it does not, with what is wrong and the remedy
 */
export async function bubblewrapHost(request: BubblewrapRequest): Promise<BubblewrapHost> {
  const { searchPath, stateDirectory, uid, isWritableInside, believesFailure } = request;
  const bwrap = findBwrap(searchPath, isWritableInside, uid);
  const env = findProgram("env", "/usr/bin:/bin", isWritableInside, uid);
  const probe = { bwrap, env, kernel: Deno.osRelease(), uid, stateDirectory };
  const probed = believesFailure ? await probeOrBelieve(probe) : await probeAnew(probe);
  return { bwrap, env: probed.env ? env?.path : undefined, proc: probed.proc, probe };
}

async function probeAnew(probe: ProbeRequest): Promise<ProbeResult> {
  const result = await probeOnce(probe);
  if (lstat(`${probe.stateDirectory}/probe-failure`) !== undefined) {
    (await import("./probe_failure.ts")).forgetFailure(probe);
  }
  return result;
}

async function probeOrBelieve(probe: ProbeRequest): Promise<ProbeResult> {
  const known = lstat(`${probe.stateDirectory}/probe-failure`) === undefined
    ? undefined
    : (await import("./probe_failure.ts")).knownFailure(probe, Date.now());
  if (known !== undefined) throw known;
  try {
    return await probeOnce(probe);
  } catch (error) {
    if (error instanceof TomboloError) (await import("./probe_failure.ts")).rememberFailure(probe, error);
    throw error;
  }
}
