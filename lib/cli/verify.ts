import { parseBackend } from "../launch/backend.ts";
import { Interruption } from "../launch/doctor/interruption.ts";
import { LaidTrap } from "../launch/doctor/laid_trap.ts";
import { ownProgram } from "../launch/own_program.ts";
import { openDirectories } from "../launch/state_directory.ts";
import { verdictsJson, verdictsText } from "../report/doctor/render_verdicts.ts";
import { verdicts } from "../report/doctor/verdicts.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { BACKEND_FLAG, TRAP_FLAG } from "./doctor_flags.ts";
import type { GivenFlag } from "./flags.ts";
import { lastValue } from "./read_policy.ts";

// The second process is a caller like any other: with another home, a secret in its environment, and a descriptor
// that it has left open.
const START = 'exec 7<"$1"; shift; exec /bin/sh "$@"';

/**
 * Builds a sandbox of the default policy, has a program inside try to get out of it, and prints what came of it.
 *
 * @param json Whether to print JSON
 * @param backend The flags that say which backend is verified
 * @returns The exit status: 0 where everything held, 1 where not, 128+n where a signal ended it
 * @throws {TomboloError} where the sandbox could not be started, or the attempts did not come to their end
 */
export async function verify(json: boolean, backend: readonly GivenFlag[]): Promise<number> {
  const { state } = openDirectories((name) => Deno.env.get(name), Deno.uid());
  // Before anything is laid out.
  parseBackend(lastValue(backend, BACKEND_FLAG), Deno.build.os);
  using interruption = new Interruption();
  const own = ownProgram();
  const deno = await own.deno(state);
  const below = state.slice(0, state.lastIndexOf("/"));
  await using laid = await LaidTrap.lay(below, { deno, program: await own.verifier(state) });
  const again = backend.map(({ written, value }) => `${written}=${value}`);
  const { stdout, success } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      START,
      "sh",
      laid.file,
      ...own.again,
      "doctor",
      `--${TRAP_FLAG.name}=${laid.file}`,
      ...again,
    ],
    cwd: laid.trap.work,
    clearEnv: true,
    env: { ...own.caller, ...laid.environment },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: interruption.signal,
  }).output();
  if (interruption.status !== undefined) return interruption.status;
  if (!success) {
    throw new TomboloError("sandbox", "Cannot verify: the sandbox did not come to its end, as shown above", {
      remedy: "tombolo doctor says what is missing",
    });
  }
  const said = new TextDecoder().decode(stdout);
  // The first line is the second process's own.
  const used = said.slice(0, said.indexOf("\n"));
  const judged = verdicts(said.slice(used.length), await laid.effects());
  console.log(json ? verdictsJson(judged, used) : verdictsText(judged, used));
  return judged.every(({ result }) => result === "held") ? 0 : 1;
}
