import { resolveTrusted } from "../launch/gather_facts.ts";
import { ownProgram } from "../launch/own_program.ts";
import { SafePath } from "../paths/safe_path.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { Worker } from "../worker/client.ts";
import { WorkerFileSystem } from "../worker/worker_file_system.ts";
import type { GivenFlag } from "./flags.ts";
import type { CommandStart } from "./command_runner.ts";
import { has } from "./has_flag.ts";
import { isForWorker, MCP_FLAGS, parseServingFlags, rootOf } from "./worker_flags.ts";

function written({ name, value }: GivenFlag): string {
  return value === undefined ? `--${name}` : `--${name}=${value}`;
}

function rootDirectory(flags: readonly GivenFlag[]): string {
  return resolveTrusted(SafePath.from(rootOf(flags), Deno.cwd()), "root", Deno.uid()).real.toString();
}

/** Settles when a signal asks for the end. */
function told(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => resolve());
  }
  return promise;
}

/**
 * `tombolo mcp`: the operations of the worker, and commands in sandboxes, as tools of the Model Context Protocol on stdin
 * and stdout. The policy comes from the flags and the files that they name; no tool can change it.
 *
 * @param args Arguments after `mcp`
 * @returns The exit status
 * @throws {TomboloError} where it cannot be started
 */
export async function mcp(args: readonly string[]): Promise<number> {
  const flags = parseServingFlags(args, MCP_FLAGS, "mcp");
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("mcp");
  const root = rootDirectory(flags);
  const rules = flags.filter(({ name }) => name !== "root");
  const { caller: environment, again: program } = ownProgram();
  // The SDK takes as long to load as the worker takes to start.
  const sdk = import("./mcp_server.ts");
  await using worker = await Worker.spawn({
    root,
    program,
    environment,
    flags: rules.filter(isForWorker).map(written),
  }).catch((error: unknown) => {
    const reason = (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, " ");
    throw new TomboloError("sandbox", reason, { cause: error });
  });
  const start: CommandStart = { program, environment, flags: [`--cwd=${root}`, ...rules.map(written)] };
  const { serveTools } = await sdk;
  await serveTools(new WorkerFileSystem(worker), start, told());
  return 0;
}
