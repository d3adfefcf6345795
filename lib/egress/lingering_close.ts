import { close } from "./close.ts";

const LINGER_MS = 1000;
const MOST_BYTES = 1024 * 1024;

/**
 * Closes a connection so that the last answer arrives. Closing with unread bytes would reset it, and the
 * reset can overtake the answer (RFC 9112 section 9.6).
 */
export async function lingeringClose(connection: Deno.Conn): Promise<void> {
  const timer = setTimeout(() => close(connection), LINGER_MS);
  try {
    await connection.closeWrite();
    const buffer = new Uint8Array(16 * 1024);
    for (let left = MOST_BYTES; left > 0;) {
      const count = await connection.read(buffer);
      if (count === null) break;
      left -= count;
    }
  } catch {
    // Closed by the client, by the clock, or by the relay before.
  } finally {
    clearTimeout(timer);
  }
}
