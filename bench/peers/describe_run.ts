import { join } from "node:path";
import type { Peers } from "./install_peers.ts";
import { runCommand } from "./run_command.ts";

const tombolo = join(import.meta.dirname ?? ".", "..", "..", "bin", "tombolo");

/** The first version number that a program prints. */
async function versionOf(...argv: readonly string[]): Promise<string> {
  try {
    const { stdout } = await runCommand([...argv, "--version"]);
    return /\d+\.\d+[\w.-]*/.exec(stdout)?.[0] ?? "of unknown version";
  } catch {
    return "(does not run here)";
  }
}

async function processor(): Promise<string> {
  const info = await Deno.readTextFile("/proc/cpuinfo");
  return /^model name\s*: (.+)$/m.exec(info)?.[1]?.trim() ?? Deno.build.arch;
}

/** The versions of the peers. */
async function describePeers({ node, runtime, codex }: Peers): Promise<string[]> {
  const version = await versionOf(node, runtime);
  const items = [
    `sandbox-runtime ${version} (npm \`@anthropic-ai/sandbox-runtime\`), on Node ${await versionOf(node)}`,
  ];
  if (codex === undefined) return items;
  return [...items, `Codex's CLI ${await versionOf(codex)} (npm \`@openai/codex\`), \`codex sandbox\``];
}

/**
 * What ran, and on what: versions and machine, without names and paths.
 *
 * @param peers The installed peers, or why there are none
 * @param notes Further items
 * @returns Items of a Markdown list
 */
export async function describeRun(peers: Peers | Error, notes: readonly string[]): Promise<string> {
  const [cores, model] = [navigator.hardwareConcurrency, await processor()];
  const items = [
    `tombolo ${await versionOf(tombolo)} from source, on Deno ${Deno.version.deno}`,
    ...(peers instanceof Error ? [] : await describePeers(peers)),
    `bubblewrap ${await versionOf("bwrap")}, Linux ${Deno.osRelease()}, ${cores} cores, ${model}`,
    ...notes,
  ];
  return items.map((item) => `- ${item}`).join("\n");
}
