import { HostError } from "../host/host_error.ts";
import { HostPattern } from "../host/host_pattern.ts";
import { HostPort } from "../host/host_port.ts";
import { IpAddress } from "../host/ip_address.ts";
import { type PathContext, SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { parseDuration } from "./duration.ts";
import type { HostRule, NetPolicy } from "./net_policy.ts";
import type { BaseName, NameRule, PathRule, Policy } from "./policy.ts";
import type { Entry, EntryList, PolicySource } from "./policy_source.ts";
import { type Preset, preset } from "./presets.ts";
import type { Rule } from "./rule.ts";

/** What a policy is read against: the place and the variables of the caller. */
export interface BuildContext {
  /** Real path of the working directory inside. */
  readonly cwd: string;
  readonly home: string | undefined;
  readonly variable: PathContext["variable"];
}

const GLOB = /[*?[\]]/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME_PATTERN = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;

/**
 * Puts presets, files and flags together and parses every text once.
 *
 * @param sources In the order given: files, then flags; the presets that they name come before all of them
 * @throws {TomboloError} naming the rule and its origin, for anything that cannot be understood
 */
export function buildPolicy(sources: readonly PolicySource[], context: BuildContext): Policy {
  const { base, presets } = choosePresets(sources);
  const notices: string[] = [];
  const all = [...presets.map(([entry, found]) => presetSource(entry, found, context, notices)), ...sources];
  const paths = (key: "readAllow" | "readDeny" | "writeAllow" | "writeDeny") =>
    lists(all, key).flatMap((list) => pathRules(list, key.endsWith("Allow"), context));
  const lastTime = all.findLast((source) => source.wallTime !== undefined)?.wallTime;
  return {
    base,
    read: { allow: paths("readAllow"), deny: paths("readDeny") },
    write: { allow: paths("writeAllow"), deny: paths("writeDeny") },
    net: netPolicy(all),
    env: {
      allow: lists(all, "envAllow").flatMap(nameRules),
      deny: lists(all, "envDeny").flatMap(nameRules),
      set: new Map(
        all.flatMap((source) => source.envSet ?? []).map((entry) => [variableName(entry), entry.value]),
      ),
    },
    ...(lastTime === undefined ? {} : { wallTime: parseDuration(lastTime.text, lastTime.origin) }),
    notices,
    files: sources.flatMap((source) => source.file === undefined ? [] : [SafePath.of(source.file)]),
  };
}

function choosePresets(sources: readonly PolicySource[]): { base: BaseName; presets: [Entry, Preset][] } {
  const named = sources.flatMap((source) => source.presets ?? []);
  const unique = named.filter((entry, index) =>
    named.findIndex((other) => other.text === entry.text) === index
  );
  const presets = unique.map((entry): [Entry, Preset] => [entry, preset(entry.text, entry.origin)]);
  const bases = presets.filter(([, found]) => found.base !== undefined);
  const [first, second] = bases;
  if (first !== undefined && second !== undefined) {
    throw new TomboloError(
      "policy",
      `Cannot start from two presets: ${first[0].text} (${first[0].origin}) and ${second[0].text} (${
        second[0].origin
      }); choose one`,
    );
  }
  if (first?.[1].base !== undefined) return { base: first[1].base, presets };
  const workspace: Entry = { text: "workspace", origin: "the default", base: "/" };
  return { base: "workspace", presets: [[workspace, preset("workspace", workspace.origin)], ...presets] };
}

// The working directory of a preset is left out where it would open a home directory or the whole system.
function presetSource(entry: Entry, found: Preset, context: BuildContext, notices: string[]): PolicySource {
  const origin = `preset ${entry.text}`;
  const list = (texts: readonly string[] = []): EntryList => ({
    entries: texts.map((text) => ({ text, origin, base: context.cwd, optional: true })),
  });
  const cwd = SafePath.of(context.cwd);
  const tooBroad = cwd.equals(SafePath.root) ||
    (context.home !== undefined && cwd.contains(SafePath.of(context.home)));
  const write = (found.write ?? []).filter((text) => {
    if (text !== "." || !tooBroad) return text.startsWith("~") ? context.home !== undefined : true;
    notices.push(
      `the working directory ${
        quote(context.cwd)
      } is not writable: it holds the home directory; to allow: --allow-write=.`,
    );
    return false;
  });
  return {
    readAllow: list(found.read),
    writeAllow: list(write),
    netAllow: list(found.net),
    envAllow: list(found.env),
  };
}

type ListKey =
  | "readAllow"
  | "readDeny"
  | "writeAllow"
  | "writeDeny"
  | "netAllow"
  | "netDeny"
  | "envAllow"
  | "envDeny";

function lists(sources: readonly PolicySource[], key: ListKey): EntryList[] {
  return sources.flatMap((source) => source[key] ?? []);
}

function pathRules(list: EntryList, allows: boolean, context: BuildContext): PathRule[] {
  const everything = list.all === undefined
    ? []
    : [{ text: "/", origin: list.all.origin, path: SafePath.root, optional: false }];
  return everything.concat(list.entries.map((entry) => {
    if (GLOB.test(entry.text)) {
      const what = allows
        ? "allow lists name paths, not patterns"
        : "patterns in deny lists are not supported by this version";
      throw new TomboloError("policy", `Cannot use path ${quote(entry.text)} (${entry.origin}): ${what}`);
    }
    const path = located(
      entry,
      () => SafePath.parse(entry.text, { base: entry.base, variable: context.variable }),
    );
    for (const own of ["/proc", "/dev"]) {
      if (SafePath.of(own).contains(path)) {
        throw new TomboloError(
          "policy",
          `Cannot use path ${quote(entry.text)} (${entry.origin}): the sandbox has a ${own} of its own`,
        );
      }
    }
    return { text: entry.text, origin: entry.origin, path, optional: entry.optional ?? false };
  }));
}

// Adds the origin to what a parser says.
function located<T>(entry: Entry, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TomboloError) && !(error instanceof HostError)) throw error;
    throw new TomboloError("policy", `${error.message} (${entry.origin})`, { cause: error });
  }
}

function rule(entry: Entry, text = entry.text): Rule {
  return { text, origin: entry.origin };
}

function hostRule(entry: Entry): HostRule {
  return { ...rule(entry), pattern: located(entry, () => HostPattern.parse(entry.text)) };
}

function netPolicy(sources: readonly PolicySource[]): NetPolicy {
  const allow = lists(sources, "netAllow");
  const deny = lists(sources, "netDeny");
  const allowAll = allow.find((list) => list.all !== undefined)?.all;
  const denyAll = deny.find((list) => list.all !== undefined)?.all;
  return {
    allow: allow.flatMap((list) => list.entries.map(hostRule)),
    deny: deny.flatMap((list) => list.entries.map(hostRule)),
    resolve: new Map(
      sources.flatMap((source) => source.resolve ?? []).map((entry) => [
        located(entry, () => HostPort.of(entry.text, 1)).host,
        entry.addresses.map((text) => staticAddress(entry, text)),
      ]),
    ),
    ...(allowAll === undefined ? {} : { allowAll: rule(allowAll, "every public host") }),
    ...(denyAll === undefined ? {} : { denyAll: rule(denyAll, "every host") }),
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

function nameRules(list: EntryList): NameRule[] {
  const everything = list.all === undefined ? [] : [rule(list.all, "*")];
  return everything.concat(list.entries.map((entry) => {
    if (NAME_PATTERN.test(entry.text)) return rule(entry);
    throw new TomboloError(
      "policy",
      `Cannot use variable name ${quote(entry.text)} (${entry.origin}): wanted a name, which may end in *`,
    );
  }));
}

function variableName(entry: Entry & { value: string }): string {
  if (!NAME.test(entry.text)) {
    throw new TomboloError(
      "policy",
      `Cannot set variable ${quote(entry.text)} (${entry.origin}): it is not a name`,
    );
  }
  if (entry.value.includes("\0")) {
    throw new TomboloError(
      "policy",
      `Cannot set variable ${entry.text} (${entry.origin}): its value holds a NUL character`,
    );
  }
  return entry.text;
}
