/**
 * Whether /proc is mounted. Deno keeps it from programs, and cannot tell its own path without it; the shell can look.
 */
export function hasProc(): boolean {
  return new Deno.Command("/bin/sh", {
    args: ["-c", "[ -e /proc/self/exe ]"],
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
}
