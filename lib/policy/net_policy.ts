import type { HostPattern } from "../host/host_pattern.ts";
import type { IpAddress } from "../host/ip_address.ts";
import type { Rule } from "./rule.ts";

/** A rule about hosts. */
export interface HostRule extends Rule {
  readonly pattern: HostPattern;
}

/** What may leave the sandbox. */
export interface NetPolicy {
  /** Set by a bare `--allow-net` or `"allow": true`: every public host. */
  readonly allowAll?: Rule;
  readonly allow: readonly HostRule[];
  /** Set by a bare `--deny-net` or `"deny": true`: nothing at all. */
  readonly denyAll?: Rule;
  readonly deny: readonly HostRule[];
  /** Static names, canonical (lower case, no trailing dot), as curl's `--resolve`. */
  readonly resolve: ReadonlyMap<string, readonly IpAddress[]>;
}
