import { classify } from "../host/address_class.ts";
import { embeddedAddresses } from "../host/embedded_address.ts";
import { HostPort } from "../host/host_port.ts";
import type { IpAddress } from "../host/ip_address.ts";
import { isLocalhostName, metadataAddresses } from "../host/special_name.ts";
import type { HostRule, NetPolicy } from "./net_policy.ts";
import type { Rule } from "./rule.ts";

/** Whether something may leave, and what decided. */
export interface HostDecision {
  readonly allowed: boolean;
  /** A short phrase: `no rule allows it`, `127.0.0.1 is loopback`. */
  readonly reason: string;
  /** The rule that decided; absent where none spoke. */
  readonly rule?: Rule;
  /** The smallest flag that would allow it; absent where a deny rule stands in the way. */
  readonly suggestion?: string;
}

const NO_OWN: readonly IpAddress[] = [];

function allowedBy(rule: HostRule | Rule): HostDecision {
  return { allowed: true, reason: "a rule allows it", rule: { text: rule.text, origin: rule.origin } };
}

function deniedBy(rule: HostRule | Rule): HostDecision {
  return { allowed: false, reason: "a rule denies it", rule: { text: rule.text, origin: rule.origin } };
}

function refused(reason: string, ...missing: readonly (HostPort | string)[]): HostDecision {
  return { allowed: false, reason, suggestion: `--allow-net=${missing.join(",")}` };
}

// A policy that has been made narrower allows what it allows itself and all of those before it do.
function refusedBy(
  { within = [] }: NetPolicy,
  decide: (outer: NetPolicy) => HostDecision,
): HostDecision | undefined {
  return within.map(decide).find(({ allowed }) => !allowed);
}

/** The deny rule that hits the target itself, or the address that it leads to. */
function denyRule(policy: NetPolicy, target: HostPort, address: IpAddress | undefined): Rule | undefined {
  if (policy.denyAll !== undefined) return policy.denyAll;
  // An IPv6 form of a denied IPv4 address leads to that address, so the deny holds for it.
  const ends = address === undefined ? [] : [address, ...embeddedAddresses(address)];
  return policy.deny.find(({ pattern }) =>
    pattern.matches(target) || ends.some((end) => pattern.matchesAddress(end, target.port))
  );
}

function addressRule(policy: NetPolicy, address: IpAddress, port: number): HostRule | undefined {
  return policy.allow.find(({ pattern }) => pattern.matchesAddress(address, port));
}

/** A rule that writes the name out, without a wildcard. */
function exactRule(policy: NetPolicy, target: HostPort): HostRule | undefined {
  return policy.allow.find(({ pattern }) => pattern.kind === "name" && pattern.matches(target));
}

/**
 * Decides about a host before anything is resolved: deny rules, then the guard of addresses and of names that
 * mean one, then allow rules. Without a rule that allows it, nothing may leave.
 *
 * `localhost` and the names below it mean loopback: they need a rule for 127.0.0.1 or ::1, or one that is
 * written exactly as the name. A metadata service's name needs both a rule that is written exactly
 * so and a rule for an address behind it.
 *
 * @param policy What may leave
 * @param target The host that was asked for
 * @returns The decision; a name that is allowed still has to pass {@link decideAddress} for what it resolves to
 *
 * @example
 * ```ts
 * import { HostPort } from "../host/host_port.ts";
 * import { decideHost } from "./decide_host.ts";
 * const policy = { allow: [], deny: [], resolve: new Map() };
 * decideHost(policy, HostPort.parse("example.com:443")).suggestion; // "--allow-net=example.com:443"
 * ```
 */
export function decideHost(policy: NetPolicy, target: HostPort): HostDecision {
  const refusal = refusedBy(policy, (outer) => decideHost(outer, target));
  if (refusal !== undefined) return refusal;
  if (target.address !== undefined) return decideAddress(policy, target, target.address, NO_OWN);
  const deny = denyRule(policy, target, undefined);
  if (deny !== undefined) return deniedBy(deny);
  if (isLocalhostName(target.host)) return decideLocalhost(policy, target);
  const metadata = metadataAddresses(target.host);
  if (metadata !== undefined) return decideMetadata(policy, target, metadata);
  const rule = policy.allow.find(({ pattern }) => pattern.matches(target)) ?? policy.allowAll;
  return rule === undefined ? refused("no rule allows it", target) : allowedBy(rule);
}

function decideLocalhost(policy: NetPolicy, target: HostPort): HostDecision {
  const rule = exactRule(policy, target) ??
    policy.allow.find(({ pattern }) =>
      ["127.0.0.1", "::1"].some((host) => pattern.matches(HostPort.of(host, target.port)))
    );
  return rule === undefined ? refused(`${target.host} is loopback`, target) : allowedBy(rule);
}

function decideMetadata(policy: NetPolicy, target: HostPort, addresses: readonly IpAddress[]): HostDecision {
  const rule = exactRule(policy, target);
  const named = addresses.some((address) => addressRule(policy, address, target.port) !== undefined);
  if (rule !== undefined && named) return allowedBy(rule);
  const missing = addresses.slice(0, 1).map((address) => HostPort.ofAddress(address, target.port));
  return refused(
    `${target.host} is a metadata service`,
    ...(rule ? [] : [target]),
    ...(named ? [] : missing),
  );
}

/**
 * Decides about one address that a target leads to, the target itself included: deny rules for either, then
 * the address guard, then allow rules. An address that is not public passes only if an address or network
 * rule allows it, whatever name led there.
 *
 * @param policy What may leave
 * @param target The host that was asked for
 * @param address What it resolved to, or its own address
 * @param ownAddresses Addresses of this host's interfaces
 */
export function decideAddress(
  policy: NetPolicy,
  target: HostPort,
  address: IpAddress,
  ownAddresses: readonly IpAddress[],
): HostDecision {
  const refusal = refusedBy(policy, (outer) => decideAddress(outer, target, address, ownAddresses));
  if (refusal !== undefined) return refusal;
  const deny = denyRule(policy, target, address);
  if (deny !== undefined) return deniedBy(deny);
  const byName = target.address === undefined ? decideHost(policy, target) : undefined;
  if (byName?.allowed === false) return byName;
  const rule = addressRule(policy, address, target.port);
  const end = HostPort.ofAddress(address, target.port);
  const kind = classify(address, ownAddresses);
  const namedAsLoopback = kind === "loopback" && isLocalhostName(target.host) && exactRule(policy, target);
  const mustBeNamed = kind !== "public" || metadataAddresses(target.host) !== undefined;
  if (mustBeNamed && rule === undefined && !namedAsLoopback) {
    const what = kind === "public" ? "a metadata service's" : kind === "own" ? "this host's own" : kind;
    return refused(
      byName === undefined ? `${end.host} is ${what}` : `it resolves to ${end.host}, which is ${what}`,
      end,
    );
  }
  if (byName !== undefined) return byName;
  const allow = rule ?? policy.allowAll;
  return allow === undefined ? refused("no rule allows it", target) : allowedBy(allow);
}
