/** What a command came to. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 *
 * @param argv Program and arguments
 * @param options Working directory and additions to the environment
 * @returns What it printed
 * @throws If it failed, with the last line that it printed to stderr
 */
export async function runCommand(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  const [program = "", ...args] = argv;
  const { success, code, ...output } = await new Deno.Command(program, { args, stdin: "null", ...options })
    .output();
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
    new TextDecoder().decode(bytes).trim()
  );
  if (!success) throw new Error(stderr?.split("\n").at(-1) || `status ${code}`);
  return { stdout: stdout ?? "", stderr: stderr ?? "" };
}
