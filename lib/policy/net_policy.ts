import type { HostPattern } from "../host/host_pattern.ts";
import type { IpAddress } from "../host/ip_address.ts";
import type { ProxyUrl } from "../host/proxy_url.ts";
import type { Rule } from "./rule.ts";

/** A rule about hosts. */
export interface HostRule extends Rule {
  readonly pattern: HostPattern;
}

/** The proxy that the gateway dials through: what the caller's environment names, none, or this one. */
export type UpstreamRule = Rule & { readonly proxy: "env" | "none" | ProxyUrl };

/** A proxy that tombolo starts, and that stands in for the gateway or behind it. */
export interface ExternalRule extends Rule {
  /** Program and arguments; `{port}` stands for the port that it is to listen on. */
  readonly command: readonly string[];
  /** What it speaks: HTTP CONNECT, or SOCKS5 alone. */
  readonly protocol: "http" | "socks5";
  /** Milliseconds until it must accept connections. */
  readonly startupTimeout: number;
  /** Whether the command runs without network where the proxy cannot start, instead of not at all. */
  readonly onFailure: "fail" | "warn";
}

/** A port of the sandbox that the host can reach. */
export interface PublishRule extends Rule {
  /** Where the host listens. */
  readonly address: IpAddress;
  /** 0 for any free port. */
  readonly hostPort: number;
  readonly innerPort: number;
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
  /** The caller's environment decides where this is absent. */
  readonly upstream?: UpstreamRule;
  readonly external?: ExternalRule;
  readonly publish?: readonly PublishRule[];
  /** Policies that this one has been made narrower from: all of them have to allow a connection too. */
  readonly within?: readonly NetPolicy[];
}
