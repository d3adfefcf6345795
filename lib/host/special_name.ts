import { IpAddress } from "./ip_address.ts";

/** Names under which clouds give out credentials, and the addresses that stand behind them. */
const METADATA_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ["metadata.google.internal", ["169.254.169.254", "fd20:ce::254"]], // Google Cloud, "About VM metadata"
  ["metadata.goog", ["169.254.169.254", "fd20:ce::254"]], // Google Cloud, the newer name
  ["metadata", ["169.254.169.254"]], // Google Cloud, by its search domain
  ["instance-data", ["169.254.169.254"]], // AWS EC2, by its search domain
  ["instance-data.ec2.internal", ["169.254.169.254"]], // AWS EC2
  ["metadata.tencentyun.com", ["169.254.0.23"]], // Tencent Cloud
]);

const LOOPBACK = ["127.0.0.1", "::1"];

function parseAll(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => IpAddress.parse(text) ?? []);
}

/** Whether a canonical name is `localhost` or below it: loopback without asking any resolver (RFC 6761 6.3). */
export function isLocalhostName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

/** The addresses that a `localhost` name stands for. */
export function localhostAddresses(): IpAddress[] {
  return parseAll(LOOPBACK);
}

/** The addresses behind a metadata service's name; undefined for every other name. */
export function metadataAddresses(name: string): IpAddress[] | undefined {
  const addresses = METADATA_NAMES.get(name);
  return addresses && parseAll(addresses);
}
