import type { Client } from "./client.ts";
import { close } from "./close.ts";
import type { Outcome, Passage } from "./guarded_dialer.ts";
import { lingeringClose } from "./lingering_close.ts";
import { relay } from "./relay.ts";
import { say } from "./say.ts";
import { ServerNameCheck } from "./server_name_check.ts";

/**
 * Tells the client that its tunnel is open and relays until it ends, early bytes included; nothing of the client's
 * before its first bytes fit the host that was asked for. Closes both connections and finishes the passage.
 *
 * @param client Who asked for the tunnel
 * @param passage Where it leads
 * @param opened The protocol's word for success
 */
export async function tunnel(client: Client, passage: Passage, opened: Uint8Array): Promise<void> {
  const check = new ServerNameCheck(client, passage);
  let outcome: Outcome = { sent: 0, received: 0, ended: "error" };
  try {
    await say(client, opened);
    const { aToB: sent, bToA: received, ended } = await relay(client.connection, passage.connection, {
      idleTimeout: client.limits.idle,
      totalTimeout: client.limits.total,
      earlyA: check.fromClient(),
      earlyB: check.fromServer(),
      bufferLimit: client.bufferLimit,
      signal: client.signal,
    });
    outcome = { sent, received, ended };
  } catch {
    // The client went away before it read the answer.
    close(passage.connection);
  } finally {
    passage.finish({ ...outcome, ...check.outcome });
  }
  // The client learns at once; what else it sends is not answered.
  if (check.alert !== undefined) await lingeringClose(client.connection, client.idle, check.alert);
}
