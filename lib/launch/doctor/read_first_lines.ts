// The runtime may not read /proc and /sys; the shell may, with builtins alone.
const SCRIPT = `
while [ $# -gt 1 ]; do
  value=
  { read -r value <"$2"; } 2>/dev/null
  [ -z "$value" ] || echo "$1 $value"
  shift 2
done
`;

/**
 * Reads the first line of files, also below /proc and /sys.
 *
 * @param files Paths by the names that the lines are to have
 * @returns Lines by name; only of what can be read and is not empty
 */
export async function readFirstLines(
  files: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", SCRIPT, "sh", ...Object.entries(files).flat()],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  const lines = new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [name = "", ...value] = line.split(" ");
    return [name, value.join(" ")];
  }));
}
