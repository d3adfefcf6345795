/**
 * How the two halves of the bridge speak of a published port. stage2 keeps connections to the host's socket in store
 * and says nothing on them. The host takes one, writes the inner port (two bytes, big endian) and gets one byte of
 * these back; after `connected` the bytes of both sides follow, after `refused` the end.
 */
export const INBOUND_ANSWER = { connected: 0, refused: 1 } as const;
