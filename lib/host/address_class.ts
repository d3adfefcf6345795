import { embeddedAddresses } from "./embedded_address.ts";
import { IpAddress } from "./ip_address.ts";

/** What an address is for. Everything but `public` needs a rule that names the address. */
export type AddressClass =
  | "public"
  | "loopback"
  | "private"
  | "link-local"
  | "cgnat"
  | "multicast"
  | "broadcast"
  | "metadata"
  | "own"
  | "unspecified"
  | "reserved";

type Row = readonly [network: string, bits: number, kind: AddressClass];

/**
 * IANA special-purpose address registries (RFC 6890), the first match wins. The documentation ranges
 * (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20) are public: nothing of the host stands there.
 */
const NETWORKS: readonly Row[] = [
  ["0.0.0.0", 8, "unspecified"], // "this network", RFC 791 3.2; Linux dials 0.0.0.0 as loopback
  ["10.0.0.0", 8, "private"], // RFC 1918
  ["100.64.0.0", 10, "cgnat"], // shared address space, RFC 6598
  ["127.0.0.0", 8, "loopback"], // RFC 1122 3.2.1.3
  ["169.254.0.0", 16, "link-local"], // RFC 3927
  ["172.16.0.0", 12, "private"], // RFC 1918
  ["192.0.0.0", 24, "reserved"], // IETF protocol assignments, RFC 6890 2.1
  ["192.88.99.0", 24, "reserved"], // deprecated 6to4 relay anycast, RFC 7526
  ["192.168.0.0", 16, "private"], // RFC 1918
  ["198.18.0.0", 15, "reserved"], // benchmarking, RFC 2544
  ["224.0.0.0", 4, "multicast"], // RFC 5771
  ["255.255.255.255", 32, "broadcast"], // limited broadcast, RFC 8190
  ["240.0.0.0", 4, "reserved"], // RFC 1112 4
  ["0.0.0.0", 0, "public"],

  ["::", 128, "unspecified"], // RFC 4291 2.5.2
  ["::1", 128, "loopback"], // RFC 4291 2.5.3
  ["2001::", 23, "reserved"], // IETF protocol assignments, RFC 2928; Teredo is judged by what is inside
  ["2000::", 3, "public"], // the only global unicast space in use, RFC 4291 2.4
  ["fc00::", 7, "private"], // unique local, RFC 4193
  ["fe80::", 10, "link-local"], // RFC 4291 2.5.6
  ["fec0::", 10, "private"], // deprecated site-local, RFC 3879
  ["ff00::", 8, "multicast"], // RFC 4291 2.7
  ["::", 0, "reserved"], // unassigned; discard-only 100::/64 (RFC 6666), SRv6 5f00::/16 (RFC 9602)
];

/** Addresses where clouds give out credentials. */
const METADATA: readonly string[] = [
  "169.254.169.254", // AWS, Azure, Google Cloud, OpenStack, DigitalOcean, Oracle: instance metadata
  "169.254.170.2", // AWS ECS: task credentials
  "169.254.170.23", // AWS EKS: pod identity
  "169.254.0.23", // Tencent Cloud
  "169.254.42.42", // Scaleway
  "168.63.129.16", // Azure WireServer, in public space
  "100.100.100.200", // Alibaba Cloud, in shared space
  "192.0.0.192", // Oracle Cloud Classic
  "fd00:ec2::254", // AWS, IPv6
  "fd00:ec2::23", // AWS EKS: pod identity, IPv6
  "fd20:ce::254", // Google Cloud, IPv6
  "fd00:42::42", // Scaleway, IPv6
  "fe80::a9fe:a9fe", // OpenStack, IPv6
];

let networks: readonly { network: IpAddress; bits: number; kind: AddressClass }[] | undefined;
let metadata: ReadonlySet<string> | undefined;

function parseNetworks(): NonNullable<typeof networks> {
  return NETWORKS.flatMap(([text, bits, kind]) => {
    const network = IpAddress.parse(text);
    return network === undefined ? [] : [{ network, bits, kind }];
  });
}

/** Judges one address by its own bits. */
function classifyPlain(address: IpAddress, own: readonly IpAddress[]): AddressClass {
  metadata ??= new Set(METADATA.map((text) => IpAddress.parse(text)?.toString() ?? text));
  networks ??= parseNetworks();
  if (metadata.has(address.toString())) return "metadata";
  const kind = networks.find(({ network, bits }) => address.startsLike(network, bits))?.kind ?? "reserved";
  return kind === "public" && own.some((one) => one.equals(address)) ? "own" : kind;
}

/**
 * Says what an address is for. An IPv6 address of a transition mechanism (mapped, compatible, NAT64, 6to4,
 * Teredo) is judged by the IPv4 address inside, for that is where its packets go.
 *
 * @param address The address
 * @param ownAddresses Addresses of this host's interfaces
 * @returns The class; `own` only for an address that would be public otherwise
 *
 * @example
 * ```ts
 * import { classify } from "./address_class.ts";
 * import { IpAddress } from "./ip_address.ts";
 * const address = IpAddress.parse("64:ff9b::7f00:1");
 * if (address) classify(address); // "loopback"
 * ```
 */
export function classify(address: IpAddress, ownAddresses: readonly IpAddress[] = []): AddressClass {
  const inside = embeddedAddresses(address).map((one) => classifyPlain(one, ownAddresses));
  if (inside.length === 0) return classifyPlain(address, ownAddresses);
  if (ownAddresses.some((one) => one.equals(address))) return "own";
  if (inside.length === 1) return inside[0] ?? "reserved";
  // Several layouts are possible. A layout that is not in use reads as zeros, so zeros alone prove nothing.
  const telling = inside.filter((kind) => kind !== "unspecified");
  return telling.find((kind) => kind !== "public") ?? telling[0] ?? "unspecified";
}
