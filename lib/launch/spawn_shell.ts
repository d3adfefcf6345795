import { TomboloError } from "../report/tombolo_error.ts";
import type { Start } from "./starter.ts";

/**
 * Starts the shell that becomes bubblewrap.
 *
 * @param stream Where stdin and stdout lead; stderr is this process's own
 * @throws {TomboloError} where the system takes no arguments and variables of that length
 */
export function spawnShell({ args, env }: Start, stream: "piped" | "inherit"): Deno.ChildProcess {
  try {
    return new Deno.Command("/bin/sh", {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: stream,
      stdout: stream,
      stderr: "inherit",
    }).spawn();
  } catch (error) {
    // The runtime has no class for E2BIG (execve(2)).
    if (!(error instanceof Error) || !error.message.includes("(os error 7)")) throw error;
    throw new TomboloError(
      "sandbox",
      "Cannot start the sandbox: its arguments and variables are longer than the system takes",
      { remedy: "pass fewer or shorter variables on (--deny-env=NAME)", cause: error },
    );
  }
}
