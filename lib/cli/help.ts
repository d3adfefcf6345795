import { flagHelp } from "./flags.ts";
import { PROXY_FLAGS } from "./proxy_flags.ts";

const OVERVIEW = `tombolo: Deno's permission flags, for any program, enforced by the kernel

  tombolo run [FLAGS] [--] COMMAND [ARG...]    run a command in a sandbox
  tombolo explain [FLAGS] [-- COMMAND]         show the policy and the plan; run nothing
  tombolo proxy [FLAGS] --listen=ADDRESS       run the gateway alone, for other tools
  tombolo worker [FLAGS] --socket=PATH --root=DIR
                                               serve file operations in one directory, for agents
  tombolo mcp [FLAGS] --root=DIR               the same and commands, as tools for MCP clients
  tombolo restore [NAME...]                    show what runs have set aside, or put it back
  tombolo policy check FILE... | schema        check policy files, or print their JSON Schema
  tombolo --version | --help | COMMAND --help`;

const STATUS = `Exit status: the command's own; 128+n when a signal ended it; 124 out of time;
125 tombolo itself failed and nothing ran; 126 not executable, or refused by --allow-run or --deny-run; 127 not found.`;

const PROXY_STATUS = `It prints the variables that make clients use it, and a last line once it listens:

  env=$(mktemp); tombolo proxy --allow-net=github.com --listen=127.0.0.1:0 >"$env" &
  until grep -q '^# tombolo proxy' "$env" || ! kill -0 $!; do sleep 0.1; done; . "$env"

TERM, INT and HUP end it: live tunnels have 5 seconds, a second signal ends them at once.
Exit status: 0 when it was told to end; 125 when it failed.`;

const RESTORE = `tombolo restore [NAME... | --list] [--json]

What a command left where the host would run it (.vscode/tasks.json, a git hook) is moved into the state directory
when the command ends. Without NAME this shows what lies there, from where and why. NAME is what the list calls it,
or the path where it stood. Nothing that exists is overwritten. Read it before you put it back.

  --list  show what is set aside; the default without NAME
  --json  as JSON

Exit status: 0; 125 when something could not be put back.`;

const EXAMPLES = `Examples:
  tombolo run -- make test
  tombolo run --allow-net=github.com:443 -- git fetch
  tombolo run --preset=npm -- npm install
  tombolo run --publish=8080:3000 -- npm run dev
  tombolo run --preset=read-only --timeout=30s -- ./untrusted.sh`;

/**
 * Prints the help of a command, or the overview.
 *
 * @returns Exit status 0
 */
export function printHelp(command?: "run" | "explain" | "proxy" | "restore"): number {
  if (command === "proxy") return printProxyHelp();
  if (command === "restore") {
    console.log(RESTORE);
    return 0;
  }
  const usage = command === "run"
    ? "tombolo run [FLAGS] [--] COMMAND [ARG...]"
    : "tombolo explain [FLAGS] [-- COMMAND [ARG...]]";
  const parts = command === undefined
    ? [OVERVIEW, EXAMPLES, STATUS]
    : [usage, `Flags:\n${flagHelp()}`, STATUS];
  console.log(parts.join("\n\n"));
  return 0;
}

function printProxyHelp(): number {
  const usage = "tombolo proxy [FLAGS] --listen=ADDRESS:PORT|unix:PATH";
  console.log([usage, `Flags:\n${flagHelp(PROXY_FLAGS)}`, PROXY_STATUS].join("\n\n"));
  return 0;
}
