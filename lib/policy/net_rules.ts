import { HostError } from "../host/host_error.ts";
import { HostPattern } from "../host/host_pattern.ts";
import { HostPort } from "../host/host_port.ts";
import { IpAddress } from "../host/ip_address.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { lists, located, toRule } from "./entries.ts";
import type { HostRule, NetPolicy } from "./net_policy.ts";
import type { Entry, PolicySource } from "./policy_source.ts";

function parsed<T>(entry: Entry, parse: () => T): T {
  return located(entry, parse, HostError);
}

function hostRule(entry: Entry): HostRule {
  return { ...toRule(entry), pattern: parsed(entry, () => HostPattern.parse(entry.text)) };
}

/**
 * Parses what the sources say about hosts.
 *
 * @throws {TomboloError} naming the rule and its origin
 */
export function netPolicy(sources: readonly PolicySource[]): NetPolicy {
  const allow = lists(sources, "netAllow");
  const deny = lists(sources, "netDeny");
  const allowAll = allow.find((list) => list.all !== undefined)?.all;
  const denyAll = deny.find((list) => list.all !== undefined)?.all;
  return {
    allow: allow.flatMap((list) => list.entries.map(hostRule)),
    deny: deny.flatMap((list) => list.entries.map(hostRule)),
    resolve: new Map(
      sources.flatMap((source) => source.resolve ?? []).map((entry) => [
        parsed(entry, () => HostPort.of(entry.text, 1)).host,
        entry.addresses.map((text) => staticAddress(entry, text)),
      ]),
    ),
    ...(allowAll === undefined ? {} : { allowAll: toRule(allowAll, "every public host") }),
    ...(denyAll === undefined ? {} : { denyAll: toRule(denyAll, "every host") }),
  };
}

function staticAddress(entry: Entry, text: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address !== undefined) return address;
  throw new TomboloError(
    "policy",
    `Cannot resolve ${quote(entry.text)} (${entry.origin}): ${quote(text)} is not an IPv4 or IPv6 address`,
  );
}
