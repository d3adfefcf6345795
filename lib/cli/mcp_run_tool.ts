import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { KeptOutput } from "./kept_output.ts";
import { textResult } from "./mcp_file_tools.ts";

/** How commands are started: always under the same flags. */
export interface CommandStart {
  /** The script that starts tombolo. */
  readonly program: string;
  /** Flags of `tombolo run`, the working directory among them. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How a command ended, and what it wrote. */
export interface CommandOutcome {
  readonly status: number;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const TIMEOUT_S = 120;
const LONGEST_S = 3600;
// After TERM, as `tombolo run --timeout` does it.
const KILL_AFTER_MS = 5000;

// The flag --cwd would move what the policy calls the working directory: who asks must not choose that.
const IN_DIRECTORY = 'cd -- "$1" && shift && exec "$@"';

function argumentsOf({ program, flags }: CommandStart, command: readonly string[], cwd?: string): string[] {
  const inner = cwd === undefined ? command : ["/bin/sh", "-c", IN_DIRECTORY, "sh", cwd, ...command];
  return [program, "run", ...flags, "--", ...inner];
}

/**
 * Runs a command in a sandbox and waits for it.
 *
 * @param timeout Milliseconds until it is ended
 * @param signal Ends it at once
 */
export async function runCommand(
  start: CommandStart,
  request: {
    readonly command: readonly string[];
    readonly cwd?: string;
    readonly stdin?: string;
    readonly timeout: number;
    readonly signal: AbortSignal;
  },
): Promise<CommandOutcome> {
  const child = new Deno.Command("/bin/sh", {
    args: argumentsOf(start, request.command, request.cwd),
    env: { ...start.environment },
    clearEnv: true,
    stdin: request.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let timedOut = false;
  let last: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    try {
      child.kill("SIGTERM");
      last = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    } catch {
      // It has ended.
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    end();
  }, request.timeout);
  request.signal.addEventListener("abort", end);
  const outputs = Promise.all([KeptOutput.of(child.stdout), KeptOutput.of(child.stderr)]);
  if (request.stdin !== undefined) {
    const bytes = new TextEncoder().encode(request.stdin);
    // A command need not read what it is given.
    new Response(bytes).body?.pipeTo(child.stdin).catch(() => {});
  }
  try {
    const { code } = await child.status;
    clearTimeout(last);
    const [stdout, stderr] = await outputs;
    return { status: code, timedOut, stdout: stdout.toString(), stderr: stderr.toString() };
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener("abort", end);
  }
}

function report({ status, timedOut, stdout, stderr }: CommandOutcome, seconds: number): string {
  const parts = [timedOut ? `timed out after ${seconds} s (exit status ${status})` : `exit status ${status}`];
  if (stdout !== "") parts.push(`stdout:\n${stdout}`);
  if (stderr !== "") parts.push(`stderr:\n${stderr}`);
  return parts.join("\n");
}

/** Registers the running of commands. */
export function registerRunTool(server: McpServer, start: CommandStart): void {
  server.registerTool("run", {
    description:
      "Runs a command in a sandbox under the policy that this server was started with. No shell: name one to use one. Of each output stream the first and the last 32 KiB are given.",
    annotations: { destructiveHint: true, openWorldHint: true },
    inputSchema: z.object({
      command: z.array(z.string()).min(1).describe('Program and arguments, as in ["sh", "-c", "make test"]'),
      cwd: z.string().optional().describe("Directory to start in, relative to the root"),
      stdin: z.string().optional(),
      timeout_seconds: z.number().min(0.001).max(LONGEST_S).optional().describe(`${TIMEOUT_S} unless given`),
    }),
  }, async ({ command, cwd, stdin, timeout_seconds: seconds = TIMEOUT_S }, context) => {
    const outcome = await runCommand(start, {
      command,
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
      timeout: seconds * 1000,
      signal: context.mcpReq.signal,
    });
    return textResult(report(outcome, seconds), outcome.timedOut || outcome.status === 125);
  });
}
