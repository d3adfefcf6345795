import type { Streams } from "../spawn_shell.ts";

// The runtime does not tell a terminal's name. Descriptor 1 is where the answer goes.
const SCRIPT = "[ -t 0 ] && exec /usr/bin/tty; exec /usr/bin/tty <&2";

/**
 * Whether a command gets a terminal.
 *
 * @param streams Where its streams lead; to those of this process unless given
 */
export function hasTerminal(streams?: Streams): boolean {
  const own = { stdin: Deno.stdin, stdout: Deno.stdout, stderr: Deno.stderr };
  return (["stdin", "stdout", "stderr"] as const).some((name) =>
    (streams?.[name] ?? "inherit") === "inherit" && own[name].isTerminal()
  );
}

/**
 * The name of the terminal that stdin or stderr leads to.
 *
 * @returns `undefined` where there is none
 */
export function findTerminal(): string | undefined {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    stdin: "inherit",
    stdout: "piped",
    stderr: "inherit",
  }).outputSync();
  const name = new TextDecoder().decode(stdout).trim();
  return /^\/dev\/[a-z0-9/]+$/.test(name) ? name : undefined;
}
