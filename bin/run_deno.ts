import { join } from "node:path";

/** The checkout. */
export const ROOT: string = join(import.meta.dirname ?? ".", "..");

/**
 * Runs Deno in the checkout; where it fails, this process ends with 1.
 *
 * @returns What it prints
 */
export async function runDeno(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) Deno.exit(1);
  return new TextDecoder().decode(stdout);
}
