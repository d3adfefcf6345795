import { join } from "node:path";
import type { Target } from "./targets.ts";

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout } = await new Deno.Command(command, { args: [...args], cwd, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot fetch Deno: ${command} failed`);
  return new TextDecoder().decode(stdout).trim();
}

/**
 * The Deno of the running version for a platform: the running one, or else what npm has, whose checksum npm checks.
 *
 * @param work Directory for what is fetched
 * @returns Path of the program
 */
export async function denoFor(target: Target, work: string): Promise<string> {
  if (target.triple === Deno.build.target) return Deno.execPath();
  const spec = `${target.package}@${Deno.version.deno}`;
  const archive = await run("npm", ["pack", "--silent", "--pack-destination", work, spec], work);
  const directory = join(work, target.name);
  await Deno.mkdir(directory);
  await run("tar", ["-xzf", join(work, archive), "-C", directory, "--strip-components=1"], work);
  return join(directory, "deno");
}
