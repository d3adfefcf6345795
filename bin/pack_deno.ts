/**
 * Packs a Deno, with gzip, for a tombolo that is to hold it.
 *
 * @returns Its checksum, which tombolo checks where it unpacks it
 */
export async function packDeno(deno: string, output: string): Promise<string> {
  const bytes = await Deno.readFile(deno);
  const zipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(output, zipped);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
