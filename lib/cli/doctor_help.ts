import { DOCTOR_FLAGS } from "./doctor_flags.ts";
import { flagHelp } from "./flags.ts";

/**
 * Prints the help of `doctor`.
 *
 * @returns Exit status 0
 */
export function printDoctorHelp(): number {
  console.log([
    "tombolo doctor [--json]\ntombolo doctor --verify [--backend=NAME] [--json]",
    `Flags:\n${flagHelp(DOCTOR_FLAGS)}`,
    `It says what this host can enforce, what is missing, what that costs, and the command or file that changes it.
Nothing is changed. With --verify it starts a real sandbox and tries to escape from it, a line for each attempt:
"held", or "leaked" where a wall is missing.
docs/doctor.md has both in full.

Exit status: 0 where the default policy can be enforced in full, with --verify where every attempt was held;
1 where not; 125 for bad flags, or when the sandbox could not be started.`,
  ].join("\n\n"));
  return 0;
}
