import { escape } from "../lib/report/escape.ts";

/**
 * Writes one line to stderr.
 *
 * @param message What failed; may hold text of the command's
 */
export function say(message: string): void {
  const line = new TextEncoder().encode(`tombolo: ${escape(message)}\n`);
  try {
    Deno.stderr.writeSync(line);
  } catch {
    // Nobody listens; the status still tells.
  }
}

/**
 * Ends stage2 with one line on stderr.
 *
 * @param status Exit status: 125 where tombolo failed, 126 and 127 where the command cannot be run, 1 where a host was
 * not reached
 * @param message What failed; may hold text of the command's
 */
export function fail(status: 1 | 125 | 126 | 127, message: string): never {
  say(message);
  Deno.exit(status);
}
