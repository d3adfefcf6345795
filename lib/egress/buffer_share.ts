/** The most that one buffer of a relay may grow to, in bytes: the fastest size, and none is faster above it. */
export const LARGEST_BUFFER: number = 256 * 1024;

/**
 * How large the buffers of one relay may grow, where several share their memory.
 *
 * @param memory For all of them together, in bytes
 * @param relays How many there are now; each has two buffers
 */
export function bufferShare(memory: number, relays: number): number {
  return Math.min(LARGEST_BUFFER, Math.floor(memory / (2 * Math.max(1, relays))));
}
