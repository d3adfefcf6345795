import { TomboloError } from "../report/tombolo_error.ts";
import { type FlagRow, FLAGS, type GivenFlag, parseFlags } from "./flags.ts";

/** Names what is verified. */
export const BACKEND_FLAG = "backend";

/** Every flag of `doctor`. */
export const DOCTOR_FLAGS: readonly FlagRow[] = [
  {
    name: "verify",
    value: "none",
    purpose: "start a sandbox of the default policy, try to escape from it, and say what held",
  },
  ...FLAGS.filter(({ name }) => name === BACKEND_FLAG).map((row) => ({
    ...row,
    purpose: "with --verify: which one to verify, auto (the default), bubblewrap or landlock",
  })),
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
  const verifies = flags.some(({ name }) => name === "verify" || name === TRAP_FLAG.name);
  if (!verifies && flags.some(({ name }) => name === BACKEND_FLAG)) {
    throw new TomboloError("usage", "Flag --backend means nothing without --verify", {
      remedy: "tombolo doctor looks at all of them",
    });
  }
  if (command.length === 0) return flags;
  throw new TomboloError("usage", "tombolo doctor takes no command", {
    remedy: "tombolo doctor --help lists the flags",
  });
}
