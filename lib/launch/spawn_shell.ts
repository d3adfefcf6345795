import { TomboloError } from "../report/tombolo_error.ts";
import type { Start } from "./starter.ts";

/** Where the three streams of a command lead. */
export interface Streams {
  readonly stdin: "piped" | "inherit" | "null";
  readonly stdout: "piped" | "inherit" | "null";
  readonly stderr: "piped" | "inherit" | "null";
}

const INHERITED: Streams = { stdin: "inherit", stdout: "inherit", stderr: "inherit" };

/** Where the shell starts, and among which processes. */
export interface Place {
  /** Absolute; that of this process unless given. */
  readonly cwd?: string;
  /** Whether it leads a session and a process group of its own. */
  readonly detached?: boolean;
}

/**
 * Starts the shell that becomes what builds the sandbox.
 *
 * @param streams Where they lead; to those of this process unless given
 * @throws {TomboloError} where the system takes no arguments and variables of that length
 */
export function spawnShell(
  { args, env }: Start,
  streams: Streams = INHERITED,
  place: Place = {},
): Deno.ChildProcess {
  try {
    return new Deno.Command("/bin/sh", {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      ...streams,
      ...place,
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
