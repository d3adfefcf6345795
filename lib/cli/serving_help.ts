import { flagHelp } from "./flags.ts";
import { MCP_FLAGS, WORKER_FLAGS } from "./worker_flags.ts";

const WORKER = [
  "tombolo worker [FLAGS] (--socket=PATH | --stdio) --root=DIR",
  `Flags:\n${flagHelp(WORKER_FLAGS)}`,
  `It prints "ready" once the socket may be connected to, and ends with its client. TOMBOLO_WORKER_POLICY
may hold a policy as JSON, whose relative paths start at the root.
docs/worker-protocol.md has the protocol.
Exit status: 0 when the client ended it; 1 when it ended inside a message; 125 when it failed.`,
];

const MCP = [
  "tombolo mcp [FLAGS] --root=DIR",
  `Flags:\n${flagHelp(MCP_FLAGS)}`,
  `It speaks the Model Context Protocol on stdin and stdout: read, write, edit, list, stat, glob, grep, make_dir,
remove, rename, and run, which runs a command under these flags. No tool changes the policy. In a client:

  { "command": "tombolo", "args": ["mcp", "--root=/path/to/project", "--allow-net=api.example.com"] }

Exit status: 0 when the client ended it; 125 when it failed.`,
];

/**
 * Prints the help of a command that serves a directory.
 *
 * @returns Exit status 0
 */
export function printServingHelp(command: "worker" | "mcp"): number {
  console.log((command === "worker" ? WORKER : MCP).join("\n\n"));
  return 0;
}
