import { gatherDoctorFacts } from "../launch/doctor/gather_doctor_facts.ts";
import { diagnose } from "../report/doctor/diagnose.ts";
import { diagnosisJson, diagnosisText } from "../report/doctor/render_diagnosis.ts";
import { BACKEND_FLAG, parseDoctorFlags, TRAP_FLAG } from "./doctor_flags.ts";
import { has } from "./has_flag.ts";
import { VERSION } from "./version.ts";

/**
 * `tombolo doctor`: what this host can enforce, what is missing, and how to get it.
 *
 * @param args Arguments after the command's name
 * @returns The exit status: 0 only where the default policy can be enforced in full, and with `--verify` was
 * @throws {TomboloError} for a bad flag
 */
export async function doctor(args: readonly string[]): Promise<number> {
  const flags = parseDoctorFlags(args);
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("doctor");
  const backend = flags.filter(({ name }) => name === BACKEND_FLAG);
  const trap = flags.findLast(({ name }) => name === TRAP_FLAG.name)?.value;
  if (trap !== undefined) return await (await import("./verify_inside.ts")).verifyInside(trap, backend);
  if (has(flags, "verify")) return await (await import("./verify.ts")).verify(has(flags, "json"), backend);
  const diagnosis = diagnose(await gatherDoctorFacts(() => Deno.env.toObject()));
  console.log(has(flags, "json") ? diagnosisJson(diagnosis, VERSION) : diagnosisText(diagnosis));
  return diagnosis.full ? 0 : 1;
}
