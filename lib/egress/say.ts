import { writeAll } from "./byte_reader.ts";
import type { Client } from "./client.ts";
import { close } from "./close.ts";

/**
 * Sends what the gateway itself has to say. A client that does not take it within the idle limit is given up: many
 * answers to requests sent ahead fill any buffer.
 */
export async function say(client: Client, bytes: Uint8Array): Promise<void> {
  client.idle.start(client.limits.idle, () => close(client.connection));
  try {
    await writeAll(client.connection, bytes);
  } finally {
    client.idle.stop();
  }
}
