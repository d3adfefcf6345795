import { join } from "node:path";

/** The checkout. */
export const ROOT: string = join(import.meta.dirname ?? ".", "..");

/**
 * Runs Deno in the checkout.
 *
 * @returns What it prints
 * @throws {Error} where it fails, after it has said why
 */
export async function runDeno(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: ROOT,
    env,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`deno ${args[0]} failed`);
  return new TextDecoder().decode(stdout);
}
