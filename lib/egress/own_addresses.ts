import { IpAddress } from "../host/ip_address.ts";

/** Addresses of this host's interfaces, as they are now. Needs `--allow-sys=networkInterfaces`. */
export function ownAddresses(): IpAddress[] {
  return Deno.networkInterfaces().flatMap(({ address }) =>
    IpAddress.parse(address.replace(/%.*$/, "")) ?? []
  );
}
