import { basename } from "node:path";
import type { EmbeddedProgram } from "../lib/launch/embedded.ts";

/**
 * Packs a program, with gzip, for a tombolo that is to hold it.
 *
 * @param output Stands beside the main module
 * @returns What tombolo has to know of it: its checksum is checked where it is unpacked
 */
export async function packProgram(program: string, output: string): Promise<EmbeddedProgram> {
  const bytes = await Deno.readFile(program);
  const zipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(output, zipped);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return { file: `./${basename(output)}`, sha256: new Uint8Array(digest).toHex() };
}
