import { TomboloError } from "../report/tombolo_error.ts";
import { type FlagRow, type GivenFlag, parseFlags } from "./flags.ts";

/** Every flag of `doctor`. */
export const DOCTOR_FLAGS: readonly FlagRow[] = [
  {
    name: "verify",
    value: "none",
    purpose: "start a sandbox of the default policy, try to escape from it, and say what held",
  },
  { name: "json", value: "none", purpose: "print JSON" },
  { name: "help", short: "h", value: "none", purpose: "show this help" },
];

/** Names the file that tells the second of the two processes of `--verify` what the first has laid out. */
export const TRAP_FLAG: FlagRow = { name: "trap", value: "one", placeholder: "FILE", purpose: "" };

/**
 * Reads the arguments of `doctor`.
 *
 * @throws {TomboloError} for a flag that is unknown, and for a command
 */
export function parseDoctorFlags(args: readonly string[]): readonly GivenFlag[] {
  const { flags, command } = parseFlags(args, [...DOCTOR_FLAGS, TRAP_FLAG], "doctor");
  if (command.length === 0) return flags;
  throw new TomboloError("usage", "tombolo doctor takes no command", {
    remedy: "tombolo doctor --help lists the flags",
  });
}
