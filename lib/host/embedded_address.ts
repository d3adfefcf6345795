import { IpAddress } from "./ip_address.ts";

/** Where a transition mechanism keeps the IPv4 address: a prefix, and the four byte positions. */
interface Embedding {
  readonly prefix: string;
  readonly bits: number;
  readonly layouts: readonly (readonly [number, number, number, number])[];
  /** Teredo stores the client address with every bit inverted. */
  readonly inverted?: true;
}

const LAST_FOUR = [12, 13, 14, 15] as const;

const EMBEDDINGS: readonly Embedding[] = [
  { prefix: "::ffff:0:0", bits: 96, layouts: [LAST_FOUR] }, // IPv4-mapped, RFC 4291 2.5.5.2
  { prefix: "::ffff:0:0:0", bits: 96, layouts: [LAST_FOUR] }, // IPv4-translated, RFC 2765 2.1
  { prefix: "::", bits: 96, layouts: [LAST_FOUR] }, // IPv4-compatible, RFC 4291 2.5.5.1
  { prefix: "64:ff9b::", bits: 96, layouts: [LAST_FOUR] }, // NAT64 well-known prefix, RFC 6052 2.1
  {
    // NAT64 local-use prefix, RFC 8215: the network chooses the length, so every layout of RFC 6052 2.2 counts.
    prefix: "64:ff9b:1::",
    bits: 48,
    layouts: [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], LAST_FOUR],
  },
  { prefix: "2002::", bits: 16, layouts: [[2, 3, 4, 5]] }, // 6to4, RFC 3056 2
  { prefix: "2001::", bits: 32, layouts: [LAST_FOUR], inverted: true }, // Teredo, RFC 4380 4
];

let networks: readonly (IpAddress | undefined)[] | undefined;

/**
 * The IPv4 addresses that an IPv6 address of a transition mechanism may lead to: mapped, translated,
 * compatible, NAT64, 6to4 and Teredo forms.
 *
 * @param address Any address
 * @returns The addresses inside; empty where the form holds none
 */
export function embeddedAddresses(address: IpAddress): IpAddress[] {
  if (address.version === 4) return [];
  networks ??= EMBEDDINGS.map(({ prefix }) => IpAddress.parse(prefix));
  for (const [i, embedding] of EMBEDDINGS.entries()) {
    const network = networks[i];
    if (network === undefined || !address.startsLike(network, embedding.bits)) continue;
    // `::` and `::1` lie in the compatible range but are addresses of their own.
    if (embedding.prefix === "::" && address.unmapped() === undefined) return [];
    const flip = embedding.inverted ? 0xff : 0;
    return embedding.layouts.map((layout) =>
      IpAddress.of(Uint8Array.from(layout, (at) => (address.bytes[at] ?? 0) ^ flip))
    );
  }
  return [];
}
