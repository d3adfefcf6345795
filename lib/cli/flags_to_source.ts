import type { LimitName } from "../policy/limits.ts";
import type { Entry, EntryList, PolicySource } from "../policy/policy_source.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { GivenFlag } from "./flags.ts";
import { splitWords } from "./split_words.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const LISTS = {
  "allow-read": "readAllow",
  "deny-read": "readDeny",
  "allow-write": "writeAllow",
  "deny-write": "writeDeny",
  "allow-net": "netAllow",
  "deny-net": "netDeny",
  "allow-run": "runAllow",
  "deny-run": "runDeny",
  "allow-unix": "unixAllow",
  "allow-env": "envAllow",
  "deny-env": "envDeny",
  unprotect: "unprotect",
} as const;

const LIMITS: Readonly<Record<string, LimitName>> = {
  "timeout": "wallTime",
  "max-cpu-time": "cpuTime",
  "max-memory": "memory",
  "max-processes": "processes",
  "max-open-files": "openFiles",
  "max-file-size": "fileSize",
};

function isList(name: string): name is keyof typeof LISTS {
  return Object.hasOwn(LISTS, name);
}

function extend(list: EntryList | undefined, flag: GivenFlag, base: string): EntryList {
  const entries = list?.entries ?? [];
  const origin = flag.written;
  if (flag.value === undefined) return { all: { text: "true", origin, base }, entries };
  const texts = flag.value.split(",");
  if (texts.some((text) => text.trim() === "")) {
    throw new TomboloError(
      "usage",
      `Flag ${flag.written} has an empty entry in its list: ${quote(flag.value)}`,
    );
  }
  const added = texts.map((text) => ({ text, origin, base }));
  return { ...(list?.all === undefined ? {} : { all: list.all }), entries: [...entries, ...added] };
}

// HOST:ADDRESS; the address may be IPv6, in brackets or not, so the first colon parts them.
function resolveEntry(value: string, entry: Entry): Entry & { addresses: string[] } {
  const colon = value.indexOf(":");
  if (colon < 1 || colon === value.length - 1) {
    throw new TomboloError("usage", `Cannot parse --resolve=${quote(value)}: wanted HOST:ADDRESS`);
  }
  return { ...entry, text: value.slice(0, colon), addresses: value.slice(colon + 1).split(",") };
}

function setEntry(value: string, entry: Entry): Entry & { value: string } {
  const equals = value.indexOf("=");
  if (equals < 1) throw new TomboloError("usage", `Cannot parse --env ${quote(value)}: wanted NAME=VALUE`);
  return { ...entry, text: value.slice(0, equals), value: value.slice(equals + 1) };
}

/**
 * What the flags ask for; policy files are read by the caller.
 *
 * @param base Absolute directory for relative paths
 * @throws {TomboloError} naming the flag, where a value has the wrong form
 */
export function flagsToSource(flags: readonly GivenFlag[], base: string): PolicySource {
  const source: Mutable<PolicySource> = {};
  for (const flag of flags) {
    const entry: Entry = { text: flag.value ?? "", origin: `--${flag.name}`, base };
    if (isList(flag.name)) {
      source[LISTS[flag.name]] = extend(source[LISTS[flag.name]], { ...flag, written: entry.origin }, base);
    } else if (flag.name === "preset") source.presets = [...source.presets ?? [], entry];
    else if (flag.name === "resolve") {
      source.resolve = [...source.resolve ?? [], resolveEntry(entry.text, entry)];
    } else if (flag.name === "env") source.envSet = [...source.envSet ?? [], setEntry(entry.text, entry)];
    else if (Object.hasOwn(LIMITS, flag.name)) {
      source.limits = { ...source.limits, [LIMITS[flag.name] ?? ""]: entry };
    } else if (flag.name === "upstream") source.upstream = entry;
    else if (flag.name === "external-proxy") {
      source.external = { ...entry, command: splitWords(entry.text, entry.origin) };
    } else if (flag.name === "allow-trustd") source.trustd = { ...entry, text: "trustd" };
    else if (flag.name === "publish") source.publish = [...source.publish ?? [], entry];
  }
  return source;
}
