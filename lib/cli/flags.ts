import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What follows a flag: nothing, one value, a list after `=`, or such a list if the flag is not bare. */
type FlagValue = "none" | "one" | "list" | "optional list";

/** One row of the flag table; parsing and help are made from it. */
export interface FlagRow {
  readonly name: string;
  readonly short?: string;
  readonly value: FlagValue;
  /** What stands for the value in the help. */
  readonly placeholder?: string;
  readonly purpose: string;
}

/** Every flag of `run` and `explain`. */
export const FLAGS: readonly FlagRow[] = [
  {
    name: "allow-read",
    short: "R",
    value: "optional list",
    placeholder: "PATH,...",
    purpose: "let these paths be read; bare: everything",
  },
  { name: "deny-read", value: "list", placeholder: "PATH,...", purpose: "hide these paths" },
  {
    name: "allow-write",
    short: "W",
    value: "optional list",
    placeholder: "PATH,...",
    purpose: "let these paths be written; bare: everything",
  },
  {
    name: "deny-write",
    value: "list",
    placeholder: "PATH,...",
    purpose: "keep these paths from being written",
  },
  {
    name: "allow-net",
    short: "N",
    value: "optional list",
    placeholder: "HOST[:PORT],...",
    purpose: "let these hosts be reached; bare: any public host",
  },
  {
    name: "deny-net",
    value: "optional list",
    placeholder: "HOST[:PORT],...",
    purpose: "keep these hosts from being reached; bare: all",
  },
  {
    name: "allow-run",
    value: "optional list",
    placeholder: "PROGRAM,...",
    purpose: "let only these programs be executed: names on PATH, paths, directories; bare: everything",
  },
  {
    name: "deny-run",
    value: "list",
    placeholder: "PROGRAM,...",
    purpose: "keep these programs from being executed",
  },
  {
    name: "allow-unix",
    value: "list",
    placeholder: "PATH,...",
    purpose: "let these unix sockets of the host be reached",
  },
  {
    name: "allow-trustd",
    value: "none",
    purpose: "macOS: let clients of Go and Swift have certificates checked, outside of the sandbox",
  },
  {
    name: "allow-env",
    short: "E",
    value: "optional list",
    placeholder: "NAME,...",
    purpose: "pass these variables on; names may begin or end with *; bare: all",
  },
  { name: "deny-env", value: "list", placeholder: "NAME,...", purpose: "do not pass these variables on" },
  { name: "env", value: "one", placeholder: "NAME=VALUE", purpose: "set a variable" },
  {
    name: "policy",
    short: "p",
    value: "one",
    placeholder: "FILE",
    purpose: "add a policy file (JSON with comments)",
  },
  {
    name: "preset",
    value: "one",
    placeholder: "NAME",
    purpose:
      "add a preset: workspace (the default), read-only, strict or none; npm, deno, python, cargo, go, git",
  },
  {
    name: "unprotect",
    value: "list",
    placeholder: "PATH,...",
    purpose: "lift the protection of exactly these paths",
  },
  {
    name: "cwd",
    short: "C",
    value: "one",
    placeholder: "DIR",
    purpose: "run in this directory; relative paths start there",
  },
  {
    name: "backend",
    value: "one",
    placeholder: "auto|bubblewrap|landlock|seatbelt",
    purpose: "what enforces the policy; auto, the default, takes one that enforces all of it",
  },
  {
    name: "weaker-network",
    value: "none",
    purpose: "let Landlock confine TCP to the gateway's port, which other machines may have too",
  },
  {
    name: "weaker-attributes",
    value: "none",
    purpose: "with Landlock: let modes, owners and times be changed of every file of this user",
  },
  {
    name: "upstream",
    value: "one",
    placeholder: "env|none|URL",
    purpose: "the proxy that the gateway dials through; env (the default): HTTPS_PROXY and the like",
  },
  {
    name: "external-proxy",
    value: "one",
    placeholder: "COMMAND",
    purpose: "start this proxy and send everything through it; {port} stands for its port",
  },
  {
    name: "publish",
    value: "one",
    placeholder: "[ADDRESS:]PORT:INNERPORT",
    purpose: "let the host reach a port of the sandbox; loopback only unless an address is given",
  },
  { name: "resolve", value: "one", placeholder: "HOST:ADDRESS", purpose: "a static address for the gateway" },
  {
    name: "timeout",
    value: "one",
    placeholder: "DURATION",
    purpose: "end the command after this time (500ms, 30s, 10m, 2h)",
  },
  {
    name: "max-cpu-time",
    value: "one",
    placeholder: "DURATION",
    purpose: "end a process that has computed for this time (whole seconds)",
  },
  {
    name: "max-memory",
    value: "one",
    placeholder: "SIZE",
    purpose: "let the command have this much memory (512MiB, 2GiB, 1GB); explain says how it is held",
  },
  {
    name: "max-processes",
    value: "one",
    placeholder: "N",
    purpose: "let it have this many processes and threads at once",
  },
  {
    name: "max-open-files",
    value: "one",
    placeholder: "N",
    purpose: "let each process have this many files open",
  },
  {
    name: "max-file-size",
    value: "one",
    placeholder: "SIZE",
    purpose: "let no file that it writes grow beyond this",
  },
  {
    name: "events",
    value: "one",
    placeholder: "FILE",
    purpose: "append every decision to a file, one JSON object a line",
  },
  { name: "dry-run", value: "none", purpose: "show the policy and the plan; run nothing" },
  { name: "trace-start", value: "none", purpose: "say at the end when each phase of the run was over" },
  { name: "json", value: "none", purpose: "print JSON" },
  { name: "quiet", short: "q", value: "none", purpose: "say nothing but errors" },
  { name: "verbose", short: "v", value: "none", purpose: "say more" },
  { name: "help", short: "h", value: "none", purpose: "show this help" },
]; // deno-fmt-ignore

/** One flag as it was given. */
export interface GivenFlag {
  readonly name: string;
  /** As written, for messages: `--allow-net` or `-N`. */
  readonly written: string;
  /** `undefined` for a bare flag. */
  readonly value?: string;
}

/** Flags in the order given, then the command. */
export interface ParsedFlags {
  readonly flags: readonly GivenFlag[];
  readonly command: readonly string[];
}

function usage(message: string, remedy = "tombolo COMMAND --help lists the flags"): TomboloError {
  return new TomboloError("usage", message, { remedy });
}

function rowOf(written: string, table: readonly FlagRow[], of: string): FlagRow {
  const row = table.find(({ name, short }) =>
    written === `--${name}` || (short !== undefined && written === `-${short}`)
  );
  if (row === undefined) {
    throw usage(`Unknown flag ${quote(written)}`, `tombolo ${of} --help lists the flags`);
  }
  return row;
}

/**
 * Reads flags up to the command. As in Deno, the lists of `--allow-*` and `--deny-*` follow a `=`; a flag of one
 * value also takes the next argument.
 *
 * @param table The flags that there are
 * @param of The command that they are of, for messages
 * @throws {TomboloError} for an unknown flag, or a value that is missing or not wanted
 */
export function parseFlags(
  args: readonly string[],
  table: readonly FlagRow[] = FLAGS,
  of = "run",
): ParsedFlags {
  const flags: GivenFlag[] = [];
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? "";
    if (argument === "--") return { flags, command: args.slice(index + 1) };
    if (!argument.startsWith("-") || argument === "-") return { flags, command: args.slice(index) };
    const equals = argument.indexOf("=");
    const written = equals < 0 ? argument : argument.slice(0, equals);
    const row = rowOf(written, table, of);
    let value = equals < 0 ? undefined : argument.slice(equals + 1);
    if (row.value === "one" && value === undefined) {
      value = args[++index];
      if (value === undefined || value === "--") {
        throw usage(`Flag ${written} needs a value: ${written}=${row.placeholder}`);
      }
    }
    if (row.value === "none" && value !== undefined) {
      throw usage(`Flag ${written} takes no value, but has ${quote(value)}`);
    }
    if (row.value === "list" && value === undefined) {
      throw usage(`Flag ${written} needs a list: ${written}=${row.placeholder}`);
    }
    if (value?.trim() === "" && row.name !== "env") {
      throw usage(`Flag ${written} has an empty value: wanted ${row.placeholder}`);
    }
    flags.push({ name: row.name, written, ...(value === undefined ? {} : { value }) });
  }
  return { flags, command: [] };
}

/** The help text of a table. */
export function flagHelp(table: readonly FlagRow[] = FLAGS): string {
  const rows = table.map(({ name, short, value, placeholder, purpose }) => {
    const argument = value === "none"
      ? ""
      : value === "optional list"
      ? `[=${placeholder}]`
      : `=${placeholder}`;
    return [`${short === undefined ? "    " : `-${short}, `}--${name}${argument}`, purpose] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n");
}
