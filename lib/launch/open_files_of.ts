// Deno may not read /proc; the shell may, with builtins alone.
const SCRIPT = `
while read -r first second third soft rest; do
  [ "$first $second $third" != 'Max open files' ] || { echo "$soft"; exit; }
done <"/proc/$1/limits"
`;

/**
 * The soft limit of open files of another process.
 *
 * @returns `undefined` where the kernel does not tell, or there is none
 */
export function openFilesOf(pid: number): string | undefined {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", SCRIPT, "sh", String(pid)],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).outputSync();
  return /^\d+/.exec(new TextDecoder().decode(stdout))?.[0];
}
