import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import type { FileSystem } from "../worker/file_system.ts";
import { CommandRunner, type CommandStart } from "./command_runner.ts";
import { registerFileTools } from "./mcp_file_tools.ts";
import { registerRunTool } from "./mcp_run_tool.ts";
import { VERSION } from "./version.ts";

/** Tells when the client has gone. */
class Streams extends StdioServerTransport {
  readonly #closed = Promise.withResolvers<void>();
  readonly closed: Promise<void> = this.#closed.promise;

  override async close(): Promise<void> {
    await super.close();
    this.#closed.resolve();
  }
}

/**
 * Serves the tools on stdin and stdout until the client has gone.
 *
 * @param start How commands are started
 * @param told Settles when it is to end before
 */
export async function serveTools(files: FileSystem, start: CommandStart, told: Promise<void>): Promise<void> {
  await using runner = new CommandRunner(start);
  const streams = new Streams();
  // Asked for once for each version of the protocol that the client tries.
  const handle = serveStdio(() => {
    const server = new McpServer({ name: "tombolo", version: VERSION });
    registerFileTools(server, files);
    registerRunTool(server, runner);
    return server;
  }, { transport: streams });
  await Promise.race([streams.closed, told]);
  await handle.close();
}
