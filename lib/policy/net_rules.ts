import { HostError } from "../host/host_error.ts";
import { HostPattern } from "../host/host_pattern.ts";
import { HostPort } from "../host/host_port.ts";
import { IpAddress } from "../host/ip_address.ts";
import { quote } from "../report/escape.ts";
import { hideCredentials } from "../report/hide_credentials.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { lists, located, toRule } from "./entries.ts";
import { ProxyUrl } from "../host/proxy_url.ts";
import { parseDuration } from "./duration.ts";
import type { ExternalRule, HostRule, NetPolicy, PublishRule, UpstreamRule } from "./net_policy.ts";
import type { Entry, ExternalText, PolicySource } from "./policy_source.ts";

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
    ...lastOf(sources, "upstream", upstreamRule),
    ...lastOf(sources, "external", externalRule),
    ...publishRules(sources.flatMap((source) => source.publish ?? [])),
    ...(allowAll === undefined ? {} : { allowAll: toRule(allowAll, "every public host") }),
    ...(denyAll === undefined ? {} : { denyAll: toRule(denyAll, "every host") }),
  };
}

// Of what stands once, the last source wins.
function lastOf<K extends "upstream" | "external", T>(
  sources: readonly PolicySource[],
  key: K,
  parse: (entry: NonNullable<PolicySource[K]>) => T,
): { [P in K]?: T } {
  const entry = sources.findLast((source) => source[key] !== undefined)?.[key];
  return entry === undefined ? {} : { [key]: parse(entry) } as { [P in K]: T };
}

function upstreamRule(entry: Entry): UpstreamRule {
  const { text } = entry;
  if (text === "env" || text === "none") return { ...toRule(entry), proxy: text };
  // A bare word is more likely a slip of env or none than a host on port 80.
  if (!/[:.]/.test(text)) {
    throw new TomboloError(
      "policy",
      `Cannot use upstream ${quote(text)} (${entry.origin}): wanted env, none or [SCHEME://]HOST:PORT`,
    );
  }
  const proxy = parsed(entry, () => ProxyUrl.parse(text));
  // The text of the rule is shown; a password is not.
  return { ...toRule(entry, proxy.toString()), proxy };
}

const EXTERNAL_STARTUP_MS = 5000;

function externalRule(entry: Entry & ExternalText): ExternalRule {
  const { command, protocol = "http", startupTimeout, onFailure = "fail" } = entry;
  if ((command[0] ?? "") === "") {
    throw new TomboloError(
      "policy",
      `Cannot use external proxy ${quote(entry.text)} (${entry.origin}): no command`,
    );
  }
  return {
    // Shown in messages and plans; what the command's arguments name as credentials is not.
    ...toRule(entry, hideCredentials(entry.text)),
    command,
    protocol: protocol === "socks5" ? "socks5" : "http",
    startupTimeout: startupTimeout === undefined
      ? EXTERNAL_STARTUP_MS
      : parseDuration(startupTimeout, entry.origin),
    onFailure: onFailure === "warn" ? "warn" : "fail",
  };
}

// A rule that stands twice, in a file and in a flag, is one.
function publishRules(entries: readonly Entry[]): { publish?: PublishRule[] } {
  const rules: PublishRule[] = [];
  for (const rule of entries.map(publishRule)) {
    const other = rules.find((one) =>
      rule.hostPort !== 0 && one.hostPort === rule.hostPort && one.address.equals(rule.address)
    );
    if (other === undefined) rules.push(rule);
    else if (other.innerPort !== rule.innerPort) {
      throw new TomboloError(
        "policy",
        `Cannot publish ${quote(rule.text)} (${rule.origin}): ${quote(other.text)} (${other.origin}) ` +
          "has taken that port",
      );
    }
  }
  return rules.length === 0 ? {} : { publish: rules };
}

function publishRule(entry: Entry): PublishRule {
  const match = /^(?:(\[[0-9A-Fa-f:.]+\]|[0-9.]+):)?([0-9]{1,5}):([0-9]{1,5})$/.exec(entry.text);
  const address = IpAddress.parse(match?.[1] ?? "127.0.0.1");
  const [hostPort, innerPort] = [Number(match?.[2]), Number(match?.[3])];
  if (match === null || address === undefined || hostPort > 65535 || innerPort < 1 || innerPort > 65535) {
    throw new TomboloError(
      "policy",
      `Cannot publish ${quote(entry.text)} (${entry.origin}): wanted [ADDRESS:]PORT:INNERPORT`,
    );
  }
  return { ...toRule(entry), address, hostPort, innerPort };
}

function staticAddress(entry: Entry, text: string): IpAddress {
  const address = IpAddress.parse(text);
  if (address !== undefined) return address;
  throw new TomboloError(
    "policy",
    `Cannot resolve ${quote(entry.text)} (${entry.origin}): ${quote(text)} is not an IPv4 or IPv6 address`,
  );
}
