import { Glob, isGlob, splitGlob } from "../paths/glob.ts";
import { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { BuildContext } from "./build_context.ts";
import { type ListKey, lists, located, toRule } from "./entries.ts";
import type { ExpandedSources } from "./expand_presets.ts";
import type { Limits } from "./limits.ts";
import type { NetPolicy } from "./net_policy.ts";
import type { NameRule, PathRule, Policy } from "./policy.ts";
import { runPolicy } from "./run_rules.ts";
import type { Entry, EntryList } from "./policy_source.ts";

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NAME_PATTERN = /^\*?[A-Za-z_][A-Za-z0-9_]*\*?$/;

/** Rules about hosts that let nothing out. */
export const NO_NET: NetPolicy = { allow: [], deny: [], resolve: new Map() };

/** Whether a source says anything about hosts, so that their rules have to be parsed. */
export function speaksOfHosts({ sources }: ExpandedSources): boolean {
  return sources.some(({ netAllow, netDeny, resolve, upstream, external, publish }) =>
    upstream !== undefined || external !== undefined || (publish?.length ?? 0) > 0 ||
    [netAllow, netDeny].some((list) =>
      list !== undefined && (list.all !== undefined || list.entries.length > 0)
    ) ||
    (resolve?.length ?? 0) > 0
  );
}

/**
 * Parses every text of the sources once.
 *
 * @param net The rules about hosts, parsed by `netPolicy`: it is loaded only where there are any
 * @param limits Parsed by `parseLimits`, which is loaded likewise
 * @throws {TomboloError} naming the rule and its origin, for anything that cannot be understood
 */
export function parsePolicy(
  expanded: ExpandedSources,
  context: BuildContext,
  net: NetPolicy,
  limits: Limits,
): Policy {
  const { base, sources, notices } = expanded;
  const paths = (key: Extract<ListKey, `read${string}` | `write${string}` | "unprotect" | "unixAllow">) =>
    lists(sources, key).flatMap((list) => pathRules(list, !key.endsWith("Deny"), context));
  const lastBundle = sources.findLast((source) => source.caBundle !== undefined)?.caBundle;
  const trustd = sources.findLast((source) => source.trustd !== undefined)?.trustd;
  const unix = paths("unixAllow");
  return {
    base,
    read: { allow: paths("readAllow"), deny: paths("readDeny") },
    write: { allow: paths("writeAllow"), deny: paths("writeDeny") },
    unprotect: paths("unprotect"),
    net,
    run: runPolicy(sources, (entry) => pathRule(entry, true, context).path),
    ...(unix.length === 0 ? {} : { unix }),
    env: {
      allow: lists(sources, "envAllow").flatMap(nameRules),
      deny: lists(sources, "envDeny").flatMap(nameRules),
      set: new Map(
        sources.flatMap((source) => source.envSet ?? []).map((entry) => [variableName(entry), entry.value]),
      ),
    },
    ...(trustd === undefined ? {} : { trustd: toRule(trustd) }),
    ...(lastBundle === undefined ? {} : { caBundle: pathRule(lastBundle, true, context) }),
    limits,
    notices,
    files: sources.flatMap((source) => source.file === undefined ? [] : [SafePath.of(source.file)]),
  };
}

function pathRules(list: EntryList, allows: boolean, context: BuildContext): PathRule[] {
  const everything = list.all === undefined
    ? []
    : [{ text: "/", origin: list.all.origin, path: SafePath.root, optional: false }];
  return everything.concat(list.entries.map((entry) => pathRule(entry, allows, context)));
}

function pathRule(entry: Entry, allows: boolean, context: BuildContext): PathRule {
  const pattern = isGlob(entry.text);
  if (pattern && allows) {
    throw new TomboloError(
      "policy",
      `Cannot use path ${quote(entry.text)} (${entry.origin}): allow lists name paths, not patterns`,
    );
  }
  const split = pattern ? splitGlob(entry.text) : { head: entry.text };
  const path = located(
    entry,
    () =>
      SafePath.parse(split.head || (pattern ? "." : ""), { base: entry.base, variable: context.variable }),
    TomboloError,
  );
  const glob = "pattern" in split ? located(entry, () => Glob.parse(split.pattern), TomboloError) : undefined;
  for (const own of ["/proc", "/dev"]) {
    if (SafePath.of(own).contains(path)) {
      throw new TomboloError(
        "policy",
        `Cannot use path ${quote(entry.text)} (${entry.origin}): the sandbox has a ${own} of its own`,
      );
    }
  }
  return {
    text: entry.text,
    origin: entry.origin,
    path,
    ...(glob && { glob }),
    optional: entry.optional ?? false,
    ...(entry.make === true ? { make: true } : {}),
  };
}

function nameRules(list: EntryList): NameRule[] {
  const everything = list.all === undefined ? [] : [toRule(list.all, "*")];
  return everything.concat(list.entries.map((entry) => {
    if (NAME_PATTERN.test(entry.text)) return toRule(entry);
    throw new TomboloError(
      "policy",
      `Cannot use variable name ${
        quote(entry.text)
      } (${entry.origin}): wanted a name, which may begin or end with *`,
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
