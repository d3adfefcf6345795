import { ISOLATION } from "../plan/bwrap_arguments.ts";
import type { FoundProgram } from "./find_bwrap.ts";
import { writeAtomically } from "./state_directory.ts";

/** What a host has been found able to do. */
export interface ProbeResult {
  /** Whether the `env` that was asked about knows `--default-signal` (coreutils 8.31). */
  readonly env: boolean;
  /** Whether a fresh /proc can be mounted. */
  readonly proc: boolean;
}

/** What is probed, and where the answer is kept. */
export interface ProbeRequest {
  readonly bwrap: FoundProgram;
  readonly env: FoundProgram | undefined;
  readonly kernel: string;
  readonly uid: number | null;
  readonly stateDirectory: string;
}

// A home may outlive the container that it was probed in.
function rootIdentity(): string {
  return ["/", "/etc/hostname"].map((path) => {
    try {
      const { dev, ino, birthtime } = Deno.statSync(path);
      return `${dev}:${ino}:${birthtime?.getTime()}`;
    } catch {
      return "-";
    }
  }).join(" ");
}

/** What an answer holds for. The isolation is part of it: another version of tombolo may ask for other flags. */
export function probeKey({ bwrap, env, kernel, uid }: ProbeRequest): string {
  return ["2", bwrap.identity, env?.identity ?? "", kernel, uid, rootIdentity(), ISOLATION.join(" ")].join(
    "\n",
  );
}

function lineOf({ env, proc }: ProbeResult): string {
  return `${env ? "env" : "-"} ${proc ? "proc" : "-"}`;
}

const RESULTS: readonly ProbeResult[] = [true, false].flatMap((proc) =>
  [true, false].map((env) => ({ env, proc }))
);

// A service that hides a part of /proc from itself may share the state with a shell that does not; nothing that can be
// looked at for free tells them apart.
const WITHOUT_PROC_HOLDS_MS = 10 * 60 * 1000;

function holds({ proc }: ProbeResult, file: string, now: number): boolean {
  return proc || now - (Deno.statSync(file).mtime?.getTime() ?? 0) < WITHOUT_PROC_HOLDS_MS;
}

/**
 * What this host can do: found out once, and remembered; that there is no /proc, for ten minutes.
 *
 * @param now Milliseconds, as `Date.now`
 * @throws {TomboloError} where bubblewrap builds no sandbox, with what is wrong and the remedy
 */
export async function probeOnce(request: ProbeRequest, now: number = Date.now()): Promise<ProbeResult> {
  const key = probeKey(request);
  const file = `${request.stateDirectory}/probe`;
  try {
    const cached = Deno.readTextFileSync(file);
    const known = RESULTS.find((result) => cached === `${key}\n${lineOf(result)}\n`);
    if (known !== undefined && holds(known, file, now)) return known;
  } catch {
    // Nothing cached yet.
  }
  const { probeHost } = await import("./probe_host.ts");
  const result = probeHost(request);
  writeAtomically(file, `${key}\n${lineOf(result)}\n`);
  return result;
}

/** Forgets the answer, so that the next run asks again: the host may have changed. */
export function forgetProbe(stateDirectory: string): void {
  for (const name of ["probe", "probe-late-mounts", "probe-failure"]) {
    try {
      Deno.removeSync(`${stateDirectory}/${name}`);
    } catch {
      // Another run was quicker, or there is none.
    }
  }
}
