import { FIRST_LINES_SCRIPT, linesByName } from "../first_lines.ts";

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
    args: ["-c", FIRST_LINES_SCRIPT, "sh", ...Object.entries(files).flat()],
    clearEnv: true,
    stdin: "null",
    stderr: "null",
  }).output();
  return linesByName(stdout);
}
