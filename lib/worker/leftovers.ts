import type { SafePath } from "../paths/safe_path.ts";

const PATTERN = /^\.tombolo-[0-9a-f]{16}\.tmp$/;
// A write takes far less: its client gives up after half a minute.
const STALE_MS = 300_000;

/** A name for the temporary file of one write. */
export function temporaryName(): string {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(8)));
  return `.tombolo-${random.map((byte) => byte.toString(16).padStart(2, "0")).join("")}.tmp`;
}

/** Whether a name is that of an unfinished write. */
export function isLeftover(name: string): boolean {
  return name.startsWith(".tombolo-") && PATTERN.test(name);
}

const swept = new Set<string>();
const MOST_KNOWN = 10_000;

/**
 * Removes what writes left behind that were killed in the middle, once for each directory: a killed worker leaves one
 * file at most.
 *
 * @param now Milliseconds since the epoch
 */
export function sweepLeftovers(directory: SafePath, now: number = Date.now()): void {
  const path = directory.toString();
  if (swept.has(path)) return;
  if (swept.size >= MOST_KNOWN) swept.clear();
  swept.add(path);
  for (const { name, isFile } of Deno.readDirSync(path)) {
    if (!isFile || !isLeftover(name)) continue;
    try {
      const changed = Deno.lstatSync(`${path}/${name}`).mtime?.getTime() ?? now;
      if (now - changed > STALE_MS) Deno.removeSync(`${path}/${name}`);
    } catch {
      // Another worker was quicker.
    }
  }
}
