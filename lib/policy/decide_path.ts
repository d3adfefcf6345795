import type { SafePath } from "../paths/safe_path.ts";
import { PathIndex } from "./path_index.ts";
import type { PathRule, PathRules } from "./policy.ts";
import type { Rule } from "./rule.ts";

/** A rule of our own about a path; stronger than any rule of the user. */
export interface ProtectionRule extends Rule {
  readonly path: SafePath;
  /** `read` refuses reading and writing, `write` refuses writing; `nothing` is a hole in a wider protection. */
  readonly denies: "read" | "write" | "nothing";
  /** Why it is there, as a phrase. */
  readonly reason: string;
  /** Where a link leads to the path that the sandbox could replace: look at the end whether it has, instead of refusing. */
  readonly watchesLinks?: boolean;
  /** The host replaces the file all the time, and nothing is run by it: that need not be told. */
  readonly mayBeReplaced?: boolean;
}

/** Every rule about paths. */
export interface PathDecider {
  readonly read: PathRules;
  readonly write: PathRules;
  /** The read rules, with the paths that may be written: a mount cannot be write-only. */
  readonly readable: PathRules;
  readonly protections: readonly ProtectionRule[];
}

/** Puts the rules together that decide about paths. */
export function pathDecider(
  read: PathRules,
  write: PathRules,
  protections: readonly ProtectionRule[],
): PathDecider {
  return { read, write, readable: { allow: [...read.allow, ...write.allow], deny: read.deny }, protections };
}

/** What a decision about a path was, and why. */
export interface PathDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** The rule that decided; absent where no rule spoke. */
  readonly rule?: Rule;
  /** The smallest flag that would allow it; absent where a deny rule or a protection stands in the way. */
  readonly suggestion?: string;
}

interface Verdict {
  readonly allowed: boolean;
  readonly rule?: PathRule;
}

// A memory of what is made from a list, nothing else: the lists do not change.
const INDEXES = new WeakMap<object, unknown>();

function remembered<K extends object, V>(list: K, make: (list: K) => V): V {
  const known = INDEXES.get(list) as V | undefined;
  if (known !== undefined) return known;
  const made = make(list);
  INDEXES.set(list, made);
  return made;
}

interface RuleIndex {
  readonly literal: PathIndex<PathRule & { readonly allows: boolean }>;
  /** Deny rules with a pattern, the deepest first. */
  readonly patterns: readonly PathRule[];
}

function ruleIndex({ allow, deny }: PathRules): RuleIndex {
  const literal = deny.filter(({ glob }) => glob === undefined);
  return {
    literal: new PathIndex([
      ...allow.map((rule) => ({ ...rule, allows: true })),
      ...literal.map((rule) => ({ ...rule, allows: false })),
    ]),
    patterns: deny.filter(({ glob }) => glob !== undefined).sort((a, b) => b.path.depth - a.path.depth),
  };
}

// The deepest rule wins; at the same path deny wins. A pattern is as deep as its literal head plus one.
function winner(rules: PathRules, path: SafePath): Verdict {
  const { literal, patterns } = remembered(rules, ruleIndex);
  const rule = literal.nearest(
    path,
    (here) => here.findLast(({ allows }) => !allows) ?? here.find(({ allows }) => allows),
  );
  const depth = rule?.path.depth ?? -1;
  const pattern = patterns.find((each) => each.path.depth + 1 >= depth && each.glob?.covers(each.path, path));
  if (pattern !== undefined) return { allowed: false, rule: pattern };
  return rule === undefined ? { allowed: false } : { allowed: rule.allows, rule };
}

interface ProtectionIndex {
  readonly hiding: PathIndex<ProtectionRule>;
  readonly all: PathIndex<ProtectionRule>;
}

function protectionIndex(protections: readonly ProtectionRule[]): ProtectionIndex {
  return {
    hiding: new PathIndex(protections.filter(({ denies }) => denies !== "write")),
    all: new PathIndex(protections),
  };
}

/** The deepest protection that speaks about a path, if it refuses anything; what hides it comes before what keeps it. */
export function protectionOf(
  protections: readonly ProtectionRule[],
  path: SafePath,
): ProtectionRule | undefined {
  const { hiding, all } = remembered(protections, protectionIndex);
  const hides = hiding.nearest(path, (here) => here.at(-1));
  const best = hides?.denies === "read" ? hides : all.nearest(path, (here) => here.at(-1));
  return best?.denies === "nothing" ? undefined : best;
}

function refusal(access: "read" | "write", verdict: Verdict, path: SafePath): PathDecision {
  if (verdict.rule === undefined) {
    return { allowed: false, reason: "no rule allows it", suggestion: `--allow-${access}=${path}` };
  }
  return {
    allowed: false,
    reason: `denied by ${verdict.rule.text} (${verdict.rule.origin})`,
    rule: verdict.rule,
  };
}

/**
 * Decides whether a path may be read or written: protections first, then the deepest rule, deny before allow.
 * A path that may not be read may not be written either.
 *
 * @param decider Rules whose paths are real paths
 * @param access The kind of access asked for
 * @param path A real path
 */
export function decidePath(decider: PathDecider, access: "read" | "write", path: SafePath): PathDecision {
  const protection = protectionOf(decider.protections, path);
  if (protection !== undefined && (protection.denies === "read" || access === "write")) {
    return { allowed: false, reason: `protected: ${protection.reason}`, rule: protection };
  }
  const readable = winner(decider.readable, path);
  if (!readable.allowed) return refusal(access, readable, path);
  const verdict = access === "read" ? readable : winner(decider.write, path);
  if (!verdict.allowed) return refusal(access, verdict, path);
  return verdict.rule === undefined ? { allowed: true, reason: "allowed" } : {
    allowed: true,
    reason: `allowed by ${verdict.rule.text} (${verdict.rule.origin})`,
    rule: verdict.rule,
  };
}
