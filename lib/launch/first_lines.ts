/**
 * Prints, for each pair of a name and a file among its parameters, the name and the file's first line, if it can be read
 * and is not empty. The runtime may not read /proc and /sys; the shell may, with builtins alone.
 */
export const FIRST_LINES_SCRIPT = `
while [ $# -gt 1 ]; do
  value=
  { read -r value <"$2"; } 2>/dev/null
  [ -z "$value" ] || echo "$1 $value"
  shift 2
done
`;

/** What such a script has printed, by name. */
export function linesByName(printed: Uint8Array): Map<string, string> {
  const lines = new TextDecoder().decode(printed).split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [name = "", ...value] = line.split(" ");
    return [name, value.join(" ")];
  }));
}
