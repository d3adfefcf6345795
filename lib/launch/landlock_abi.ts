import type { RuntimeFiles } from "../plan/host_facts.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { rootIdentity } from "./root_identity.ts";
import { STAGE2_ENVIRONMENT, STAGE2_FLAGS } from "./stage2_flags.ts";
import { writeAtomically } from "./state_directory.ts";

/** Which version of Landlock the kernel offers this process. */
export interface LandlockAbi {
  /** 0 where there is none. */
  readonly abi: number;
  /** Why there is none: ENOSYS, EOPNOTSUPP where it is switched off, or whatever a filter answers. */
  readonly errno?: number;
}

/** What is asked, and where the answer is kept. */
export interface LandlockRequest {
  readonly kernel: string;
  readonly uid: number | null;
  readonly stateDirectory: string;
  readonly runtime: RuntimeFiles;
}

// A filter of system calls may stand in the way here and not there; nothing that can be looked at for free tells.
const NONE_HOLDS_MS = 10 * 60 * 1000;

function parse(text: string): LandlockAbi | undefined {
  const match = /^\{"abi":(\d{1,3})(?:,"errno":(\d{1,4}))?\}\n$/.exec(text);
  if (match === null) return undefined;
  const [, abi = "", errno] = match;
  return { abi: Number(abi), ...(errno === undefined ? {} : { errno: Number(errno) }) };
}

/**
 * Asks the kernel, by way of stage2: the tool itself may call no foreign function.
 *
 * @throws {TomboloError} where stage2 does not run here
 */
export async function askLandlockAbi({ deno, stage2 }: RuntimeFiles): Promise<LandlockAbi> {
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$@"', "sh", deno, ...STAGE2_FLAGS, "--allow-ffi", stage2, "abi"],
    clearEnv: true,
    env: { ...STAGE2_ENVIRONMENT },
    stdin: "null",
  }).output();
  const answer = parse(new TextDecoder().decode(stdout));
  if (answer !== undefined) return answer;
  const said = new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
  throw new TomboloError("sandbox", `Cannot ask for the version of Landlock: stage2 said "${said}"`);
}

/**
 * The same, once: the answer is remembered, that there is none for ten minutes.
 *
 * @param now Milliseconds, as `Date.now`
 * @throws {TomboloError} where stage2 does not run here
 */
export async function landlockAbi(
  request: LandlockRequest,
  now: number = Date.now(),
): Promise<LandlockAbi> {
  const key = `${request.kernel}\n${request.uid}\n${rootIdentity()}`;
  const file = `${request.stateDirectory}/landlock-abi`;
  try {
    const cached = Deno.readTextFileSync(file);
    const known = cached.startsWith(`${key}\n`) ? parse(cached.slice(key.length + 1)) : undefined;
    const age = now - (Deno.statSync(file).mtime?.getTime() ?? 0);
    if (known !== undefined && (known.abi > 0 || age < NONE_HOLDS_MS)) return known;
  } catch {
    // Nothing cached yet.
  }
  const answer = await askLandlockAbi(request.runtime);
  writeAtomically(file, `${key}\n${JSON.stringify(answer)}\n`);
  return answer;
}
