const SCRIPT = `
for fd in /proc/self/fd/*; do
  case \${fd##*/} in
    [0-9]) ;;
    *) [ ! -e "$fd" ] || exit 1 ;;
  esac
done
`;

/** Whether children of this process inherit descriptors that only stage2 can close (see the starting shell's script). */
export function hasLeaks(): boolean {
  const { code } = new Deno.Command("/bin/sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
  return code !== 0;
}
