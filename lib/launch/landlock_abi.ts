import type { RuntimeFiles } from "../plan/host_facts.ts";
import { stage2OnHost, stage2Words } from "../plan/stage2_call.ts";
import { STAGE2_ENVIRONMENT_ON_HOST } from "../plan/stage2_flags.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Which version of Landlock the kernel offers this process. */
export interface LandlockAbi {
  /** 0 where there is none. */
  readonly abi: number;
  /** Why there is none: ENOSYS, EOPNOTSUPP where it is switched off, or whatever a filter answers. */
  readonly errno?: number;
}

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
export async function askLandlockAbi(runtime: RuntimeFiles): Promise<LandlockAbi> {
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec "$@"', "sh", ...stage2Words(stage2OnHost(runtime), ["--allow-ffi"]), "abi"],
    clearEnv: true,
    env: { ...STAGE2_ENVIRONMENT_ON_HOST },
    stdin: "null",
  }).output();
  const answer = parse(new TextDecoder().decode(stdout));
  if (answer !== undefined) return answer;
  const said = new TextDecoder().decode(stderr).trim().split("\n")[0] ?? "";
  throw new TomboloError("sandbox", `Cannot ask for the version of Landlock: stage2 said "${said}"`);
}
