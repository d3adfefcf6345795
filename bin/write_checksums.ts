import { join } from "node:path";

/** File that holds the checksums, as sha256sum writes and reads it. */
export const CHECKSUMS = "SHA256SUMS";

async function sha256Of(path: string): Promise<string> {
  const bytes = await Deno.readFile(path);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Writes the checksums of all that a directory has to offer, and says how large each is. */
export async function writeChecksums(directory: string): Promise<void> {
  const names = Array.from(Deno.readDirSync(directory))
    .filter(({ isFile, name }) => isFile && name !== CHECKSUMS)
    .map(({ name }) => name)
    .sort();
  const lines: string[] = [];
  for (const name of names) {
    const path = join(directory, name);
    lines.push(`${await sha256Of(path)}  ${name}\n`);
    const { size } = await Deno.stat(path);
    console.log(`${name.padEnd(24)} ${(size / 1024 / 1024).toFixed(1).padStart(7)} MiB`);
  }
  await Deno.writeTextFile(join(directory, CHECKSUMS), lines.join(""));
}
