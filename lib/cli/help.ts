import { flagHelp } from "./flags.ts";

const OVERVIEW = `tombolo: Deno's permission flags, for any program, enforced by the kernel

  tombolo run [FLAGS] [--] COMMAND [ARG...]    run a command in a sandbox
  tombolo explain [FLAGS] [-- COMMAND]         show the policy and the plan; run nothing
  tombolo policy check FILE... | schema        check policy files, or print their JSON Schema
  tombolo --version | --help | COMMAND --help`;

const STATUS = `Exit status: the command's own; 128+n when a signal ended it; 124 timed out;
125 tombolo itself failed and nothing ran; 126 not executable; 127 not found.`;

const EXAMPLES = `Examples:
  tombolo run -- make test
  tombolo run --allow-net=github.com:443 -- git fetch
  tombolo run --preset=npm -- npm install
  tombolo run --preset=read-only --timeout=30s -- ./untrusted.sh`;

/**
 * Prints the help of a command, or the overview.
 *
 * @returns Exit status 0
 */
export function printHelp(command?: "run" | "explain"): number {
  const usage = command === "run"
    ? "tombolo run [FLAGS] [--] COMMAND [ARG...]"
    : "tombolo explain [FLAGS] [-- COMMAND [ARG...]]";
  const parts = command === undefined
    ? [OVERVIEW, EXAMPLES, STATUS]
    : [usage, `Flags:\n${flagHelp()}`, STATUS];
  console.log(parts.join("\n\n"));
  return 0;
}
