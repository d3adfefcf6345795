/** Before each further attempt, in milliseconds; half a second in all. */
const PAUSES_MS: readonly number[] = [5, 10, 20, 40, 80, 160, 185];

/**
 * Connects to the gateway. Where its queue is full, a unix socket says so at once instead of waiting as TCP does
 * (EAGAIN, unix(7)): it is tried again a few times.
 *
 * @param path The gateway's socket
 */
export async function connectGateway(path: string): Promise<Deno.UnixConn> {
  for (const pause of PAUSES_MS) {
    try {
      return await Deno.connect({ transport: "unix", path });
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
  return await Deno.connect({ transport: "unix", path });
}
