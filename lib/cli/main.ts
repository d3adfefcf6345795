import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { Voice } from "../report/voice.ts";
import { checkPermissions } from "./check_permissions.ts";
import { run } from "./run.ts";
import { VERSION } from "./version.ts";

const WITH_PERMISSIONS: ReadonlySet<string> = new Set([
  "run",
  "explain",
  "proxy",
  "worker",
  "mcp",
  "restore",
]);

async function dispatch(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command !== undefined && WITH_PERMISSIONS.has(command)) checkPermissions();
  switch (command) {
    case "run":
      return await run(rest);
    case "shell":
      return await (await import("./shell.ts")).shell(rest);
    case "explain":
      return await (await import("./explain.ts")).explain(rest);
    case "proxy":
      return await (await import("./proxy.ts")).proxy(rest);
    case "worker":
      return await (await import("./worker.ts")).worker(rest);
    case "mcp":
      return await (await import("./mcp.ts")).mcp(rest);
    case "restore":
      return await (await import("./restore.ts")).restore(rest);
    case "doctor":
      return await (await import("./doctor.ts")).doctor(rest);
    case "policy":
      return await (await import("./policy.ts")).policy(rest);
    case "completions":
      return await (await import("./completions.ts")).completions(rest);
    case "--version":
    case "-V":
      console.log(`tombolo ${VERSION}`);
      return 0;
    case "--help":
    case "-h":
    case "help":
      return (await import("./help.ts")).printHelp();
    case undefined:
      throw new TomboloError("usage", "No command given", { remedy: "tombolo --help lists them" });
    default:
      throw new TomboloError("usage", `Unknown command ${quote(command)}`, {
        remedy: `to run it in a sandbox: tombolo run -- ${quote(command)}`,
      });
  }
}

/**
 * The command line.
 *
 * @param args Arguments after the program's name
 * @returns The exit status
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    const end = args.indexOf("--");
    const own = end < 0 ? args : args.slice(0, end);
    return new Voice({ quiet: false, verbose: own.includes("-v"), json: own.includes("--json") }).fail(error);
  }
}
