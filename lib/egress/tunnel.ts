import { writeAll } from "./byte_reader.ts";
import type { Client } from "./client.ts";
import { close } from "./close.ts";
import type { Outcome, Passage } from "./guarded_dialer.ts";
import { relay } from "./relay.ts";

/**
 * Tells the client that its tunnel is open and relays until it ends, early bytes included. Closes both
 * connections and finishes the passage.
 *
 * @param client Who asked for the tunnel
 * @param passage Where it leads
 * @param opened The protocol's word for success
 */
export async function tunnel(client: Client, passage: Passage, opened: Uint8Array): Promise<void> {
  let outcome: Outcome = { sent: 0, received: 0, ended: "error" };
  try {
    await writeAll(client.connection, opened);
    const { aToB: sent, bToA: received, ended } = await relay(client.connection, passage.connection, {
      idleTimeout: client.limits.idle,
      totalTimeout: client.limits.total,
      earlyA: client.reader.take(),
      bufferLimit: client.bufferLimit,
      signal: client.signal,
    });
    outcome = { sent, received, ended };
  } catch {
    // The client went away before it read the answer.
    close(passage.connection);
  } finally {
    passage.finish(outcome);
  }
}
