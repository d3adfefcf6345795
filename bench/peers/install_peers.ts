import { join } from "node:path";
import { runCommand } from "./run_command.ts";

/** Where the programs of an installation are. */
export interface Peers {
  readonly node: string;
  readonly runtime: string;
  /** Missing where npm has no package of it for this platform. */
  readonly codex?: string;
}

const pins = join(import.meta.dirname ?? ".", "npm");
const files = ["package.json", "package-lock.json"];

/** Whether npm has already finished with just these pins. */
async function isInstalled(directory: string): Promise<boolean> {
  try {
    await Deno.stat(join(directory, "node_modules", ".package-lock.json"));
    for (const file of files) {
      const [here, wanted] = await Promise.all(
        [directory, pins].map((at) => Deno.readTextFile(join(at, file))),
      );
      if (here !== wanted) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** The program of Codex's CLI, which lies in the package for this platform. */
async function findCodex(scope: string): Promise<string | undefined> {
  for await (const { name } of Deno.readDir(scope)) {
    const vendor = join(scope, name, "vendor");
    if (!name.startsWith("codex-linux-")) continue;
    for await (const target of Deno.readDir(vendor)) return join(vendor, target.name, "bin", "codex");
  }
  return undefined;
}

/**
 * Installs the peers and the Node that one of them runs on, at the versions and hashes of `npm/package-lock.json`,
 * without running their install scripts. Does nothing where that has been done.
 *
 * @param directory The cache directory to install into
 * @returns The programs
 * @throws If npm is missing or cannot fetch them
 */
export async function installPeers(directory: string): Promise<Peers> {
  if (!await isInstalled(directory)) {
    await Deno.mkdir(directory, { recursive: true });
    for (const file of files) await Deno.copyFile(join(pins, file), join(directory, file));
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await runCommand(["npm", ...args], { cwd: directory });
  }
  const modules = join(directory, "node_modules");
  const codex = await findCodex(join(modules, "@openai"));
  const architecture = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  return {
    node: join(modules, `node-linux-${architecture}`, "bin", "node"),
    runtime: join(modules, "@anthropic-ai", "sandbox-runtime", "dist", "cli.js"),
    ...(codex === undefined ? {} : { codex }),
  };
}
