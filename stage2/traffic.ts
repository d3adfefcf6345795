import { bufferShare } from "../lib/egress/buffer_share.ts";
import { NO_CLOCKS, relay } from "../lib/egress/relay.ts";

/** For the buffers of all connections together; each has two. */
const BUFFER_BUDGET = 8 * 1024 * 1024;

/** The connections that the bridge carries, either way; they share the memory for buffers. */
export class Traffic {
  #open = 0;

  readonly #bufferLimit = () => bufferShare(BUFFER_BUDGET, this.#open);

  /** Relays until both sides have ended, and closes them; never rejects. */
  async carry(a: Deno.Conn, b: Deno.Conn): Promise<void> {
    this.#open++;
    // The host's ends of the bridge are the ones that keep time.
    await relay(a, b, { ...NO_CLOCKS, bufferLimit: this.#bufferLimit });
    this.#open--;
  }
}
