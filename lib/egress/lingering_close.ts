import { writeAll } from "./byte_reader.ts";
import { close } from "./close.ts";
import type { Watchdog } from "./watchdog.ts";

const LINGER_MS = 1000;
const MOST_BYTES = 1024 * 1024;
const BUFFER = 4 * 1024;

/**
 * Closes a connection so that the last answer arrives. Closing with unread bytes would reset it, and the
 * reset can overtake the answer (RFC 9112 section 9.6).
 *
 * @param watchdog Limits the wait; it may have served for something else before
 * @param last Sent before, if the client takes it in time
 */
export async function lingeringClose(
  connection: Deno.Conn,
  watchdog: Watchdog,
  last?: Uint8Array,
): Promise<void> {
  watchdog.start(LINGER_MS, () => close(connection));
  try {
    if (last !== undefined) await writeAll(connection, last);
    await connection.closeWrite();
    const buffer = new Uint8Array(BUFFER);
    for (let left = MOST_BYTES; left > 0;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      left -= count;
    }
  } catch {
    // Closed by the client, by the clock, or by the relay before.
  } finally {
    watchdog.stop();
  }
}
