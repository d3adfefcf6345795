import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { parseFlags } from "./flags.ts";
import { has } from "./has_flag.ts";
import { run } from "./run.ts";

/** Where there is no other. */
const PLAIN_SHELL = "/bin/sh";

/**
 * `tombolo shell`: the user's shell in a sandbox.
 *
 * @param args Arguments after `shell`: flags of `run`, no command
 * @param named The value of SHELL
 * @returns The exit status
 * @throws {TomboloError} where nothing was run
 */
export async function shell(args: readonly string[], named = Deno.env.get("SHELL")): Promise<number> {
  const { flags, command } = parseFlags(args, undefined, "shell");
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("shell");
  const [first] = command;
  if (first !== undefined) {
    throw new TomboloError("usage", `Cannot run ${quote(first)} by tombolo shell: it takes flags alone`, {
      remedy: `to run a command: tombolo run -- ${quote(first)}`,
    });
  }
  const ends = args.at(-1) === "--" ? args.slice(0, -1) : args;
  return await run([...ends, "--", named?.startsWith("/") === true ? named : PLAIN_SHELL]);
}
