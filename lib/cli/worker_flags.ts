import { TomboloError } from "../report/tombolo_error.ts";
import { type FlagRow, FLAGS, type GivenFlag, parseFlags } from "./flags.ts";

const ROOT: FlagRow = {
  name: "root",
  value: "one",
  placeholder: "DIR",
  purpose: "the directory that is served; nothing else of the host is seen",
};
const SOCKET: FlagRow = {
  name: "socket",
  value: "one",
  placeholder: "PATH",
  purpose: "listen on this unix socket for one client; its directory must be private",
};
const STDIO: FlagRow = {
  name: "stdio",
  value: "none",
  purpose: "speak the protocol on stdin and stdout instead",
};

// Those that speak of files or of the environment, or of what tombolo says.
const SHARED: ReadonlySet<string> = new Set([
  "allow-read",
  "deny-read",
  "allow-write",
  "deny-write",
  "allow-env",
  "deny-env",
  "env",
  "policy",
  "preset",
  "backend",
  "weaker-attributes",
  "unprotect",
  "json",
  "quiet",
  "verbose",
  "help",
]);

/** Whether a flag of `run` means something to a worker. */
export function isForWorker({ name }: Pick<GivenFlag, "name">): boolean {
  return SHARED.has(name);
}

/** Every flag of `worker`. */
export const WORKER_FLAGS: readonly FlagRow[] = [SOCKET, STDIO, ROOT, ...FLAGS.filter(isForWorker)];

// Root names the working directory, and a server has neither an end nor a plan to show.
const NOT_FOR_MCP: ReadonlySet<string> = new Set(["cwd", "publish", "dry-run", "json"]);

/** Every flag of `mcp`. */
export const MCP_FLAGS: readonly FlagRow[] = [ROOT, ...FLAGS.filter(({ name }) => !NOT_FOR_MCP.has(name))];

/**
 * Reads the arguments of a command that serves a directory.
 *
 * @param of Its name, for messages
 * @throws {TomboloError} for a flag that is unknown or means nothing to it, and for a command
 */
export function parseServingFlags(
  args: readonly string[],
  table: readonly FlagRow[],
  of: "worker" | "mcp",
): readonly GivenFlag[] {
  const remedy = `tombolo ${of} --help lists the flags`;
  const own = table.filter(({ name }) => !FLAGS.some((row) => row.name === name));
  const { flags, command } = parseFlags(args, [...own, ...FLAGS], of);
  const foreign = flags.find(({ name }) => !table.some((row) => row.name === name));
  if (foreign !== undefined) {
    throw new TomboloError("usage", `Flag ${foreign.written} means nothing to tombolo ${of}`, { remedy });
  }
  if (command.length > 0) throw new TomboloError("usage", `tombolo ${of} takes no command`, { remedy });
  return flags;
}

/**
 * The directory that is to be served.
 *
 * @throws {TomboloError} where none was given
 */
export function rootOf(flags: readonly GivenFlag[]): string {
  const root = flags.findLast(({ name }) => name === "root")?.value;
  if (root !== undefined) return root;
  throw new TomboloError("usage", "No directory to serve given", { remedy: "wanted: --root=DIR" });
}
