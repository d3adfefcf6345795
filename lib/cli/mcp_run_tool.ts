import type { McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { CommandOutcome, CommandRunner } from "./command_runner.ts";
import { textResult } from "./mcp_file_tools.ts";

const TIMEOUT_S = 120;
const LONGEST_S = 3600;
/** tombolo itself failed: nothing ran. */
const FAILED = 125;

function report({ status, timedOut, stdout, stderr }: CommandOutcome, seconds: number): string {
  const parts = [timedOut ? `timed out after ${seconds} s (exit status ${status})` : `exit status ${status}`];
  if (stdout !== "") parts.push(`stdout:\n${stdout}`);
  if (stderr !== "") parts.push(`stderr:\n${stderr}`);
  return parts.join("\n");
}

/** Registers the running of commands. */
export function registerRunTool(server: McpServer, runner: CommandRunner): void {
  server.registerTool("run", {
    description:
      "Runs a command in a sandbox under the policy that this server was started with. No shell: name one to use one. Of each output stream the first and the last 32 KiB are given.",
    annotations: { destructiveHint: true, openWorldHint: true },
    inputSchema: z.object({
      command: z.array(z.string()).min(1).describe('Program and arguments, as in ["sh", "-c", "make test"]'),
      cwd: z.string().min(1).optional().describe("Directory to start in, relative to the root"),
      stdin: z.string().optional(),
      timeout_seconds: z.number().min(0.001).max(LONGEST_S).optional().describe(`${TIMEOUT_S} unless given`),
    }),
  }, async ({ command, cwd, stdin, timeout_seconds: seconds = TIMEOUT_S }, context) => {
    const outcome = await runner.run({
      command,
      ...(cwd === undefined ? {} : { cwd }),
      ...(stdin === undefined ? {} : { stdin }),
      timeout: seconds * 1000,
      signal: context.mcpReq.signal,
    });
    return textResult(report(outcome, seconds), outcome.timedOut || outcome.status === FAILED);
  });
}
