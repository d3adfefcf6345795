import { TomboloError } from "../report/tombolo_error.ts";
import { probeKey, type ProbeRequest } from "./probe.ts";
import { writeAtomically } from "./state_directory.ts";

/** A host that is put right is to be found so soon, without anybody's asking; another try takes some milliseconds. */
const HOLDS_MS = 60 * 1000;

function fileOf({ stateDirectory }: ProbeRequest): string {
  return `${stateDirectory}/probe-failure`;
}

/**
 * Why bubblewrap built no sandbox when it was last tried, so that the next run, which does without, need not try again.
 *
 * @param now Milliseconds, as `Date.now`
 * @returns `undefined` where that is not known, or was too long ago
 */
export function knownFailure(request: ProbeRequest, now: number): TomboloError | undefined {
  try {
    const file = fileOf(request);
    const text = Deno.readTextFileSync(file);
    const key = probeKey(request);
    if (!text.startsWith(`${key}\n`) || now - (Deno.statSync(file).mtime?.getTime() ?? 0) > HOLDS_MS) {
      return undefined;
    }
    const { message, remedy } = JSON.parse(text.slice(key.length + 1)) as {
      message: string;
      remedy?: string;
    };
    return new TomboloError("sandbox", message, remedy === undefined ? {} : { remedy });
  } catch {
    // Nothing is known.
    return undefined;
  }
}

/** Keeps why bubblewrap built no sandbox. */
export function rememberFailure(request: ProbeRequest, { message, remedy }: TomboloError): void {
  writeAtomically(fileOf(request), `${probeKey(request)}\n${JSON.stringify({ message, remedy })}\n`);
}

/** Forgets it: bubblewrap has built one since. */
export function forgetFailure(request: ProbeRequest): void {
  try {
    Deno.removeSync(fileOf(request));
  } catch {
    // Another run was quicker.
  }
}
