/** A host, address or host pattern that cannot be parsed. The message is safe to show. */
export class HostError extends Error {
  override readonly name = "HostError";
}
