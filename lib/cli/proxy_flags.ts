import { TomboloError } from "../report/tombolo_error.ts";
import { type FlagRow, FLAGS, type GivenFlag, parseFlags } from "./flags.ts";

const LISTEN: FlagRow = {
  name: "listen",
  value: "one",
  placeholder: "ADDRESS:PORT|unix:PATH",
  purpose: "where to listen, as 127.0.0.1:8080, [::1]:0 (any free port) or unix:proxy.sock",
};

// Those that speak of the network, or of what tombolo says.
const SHARED: ReadonlySet<string> = new Set([
  "allow-net",
  "deny-net",
  "policy",
  "preset",
  "resolve",
  "upstream",
  "external-proxy",
  "events",
  "json",
  "quiet",
  "verbose",
  "help",
]);

/** Every flag of `proxy`. */
export const PROXY_FLAGS: readonly FlagRow[] = [LISTEN, ...FLAGS.filter(({ name }) => SHARED.has(name))];

/**
 * Reads the arguments of `tombolo proxy`.
 *
 * @throws {TomboloError} for a flag that is unknown or speaks of a command, and for a command
 */
export function parseProxyFlags(args: readonly string[]): readonly GivenFlag[] {
  const { flags, command } = parseFlags(args, [LISTEN, ...FLAGS], "proxy");
  const remedy = "tombolo proxy --help lists the flags";
  const foreign = flags.find(({ name }) => name !== LISTEN.name && !SHARED.has(name));
  if (foreign !== undefined) {
    throw new TomboloError(
      "usage",
      `Flag ${foreign.written} means nothing to tombolo proxy: it runs no command`,
      {
        remedy,
      },
    );
  }
  if (command.length > 0) {
    throw new TomboloError("usage", "Cannot run a command with tombolo proxy: it is the gateway alone", {
      remedy: "to run one in a sandbox: tombolo run",
    });
  }
  return flags;
}
