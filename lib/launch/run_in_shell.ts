/**
 * Has a shell do what this process may not: read /proc, signal by pid.
 *
 * @param script With builtins alone: there is no PATH
 * @returns What it has printed
 */
export async function runInShell(
  script: string,
  ...parameters: readonly (string | number)[]
): Promise<string> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...parameters.map(String)],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout);
}
