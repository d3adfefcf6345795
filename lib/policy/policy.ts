import type { Glob } from "../paths/glob.ts";
import type { SafePath } from "../paths/safe_path.ts";
import type { Limits } from "./limits.ts";
import type { NetPolicy } from "./net_policy.ts";
import type { Rule } from "./rule.ts";
import type { RunPolicy } from "./run_policy.ts";

/** The preset that a policy starts from; exactly one. */
export type BaseName = "workspace" | "none" | "read-only" | "strict";

/** A rule about a path and all that lies below it. */
export interface PathRule extends Rule {
  /** Of a rule with a pattern, the part before the first component with one. */
  readonly path: SafePath;
  /** The rest of a deny rule with a pattern. */
  readonly glob?: Glob;
  /** Whether the rule is skipped where nothing stands at its path (a preset's), instead of being an error. */
  readonly optional: boolean;
  /** Whether a directory is made there where there is none. */
  readonly make?: boolean;
}

/** Allow and deny rules of one kind of access. */
export interface PathRules {
  readonly allow: readonly PathRule[];
  readonly deny: readonly PathRule[];
}

/** A rule about names of environment variables; the text may begin or end with `*`. */
export type NameRule = Rule;

/** Which variables the command gets. */
export interface EnvPolicy {
  readonly allow: readonly NameRule[];
  readonly deny: readonly NameRule[];
  /** Variables set by hand; they need no allow rule. */
  readonly set: ReadonlyMap<string, string>;
  /** Policies that this one has been made narrower from: all of them have to give a variable too. */
  readonly within?: readonly EnvPolicy[];
}

/** What the user allows and denies; parsed, not yet resolved against the host. */
export interface Policy {
  readonly base: BaseName;
  readonly read: PathRules;
  readonly write: PathRules;
  readonly net: NetPolicy;
  readonly run: RunPolicy;
  /** Unix sockets of the host that can be reached. */
  readonly unix?: readonly PathRule[];
  readonly env: EnvPolicy;
  /** Paths whose protection the user has lifted. */
  readonly unprotect: readonly PathRule[];
  /** Set by --allow-trustd: macOS may check certificates for the command, in a service outside of the sandbox. */
  readonly trustd?: Rule;
  /** CA certificates that the command's clients are to trust. */
  readonly caBundle?: PathRule;
  readonly limits: Limits;
  /** Things the user should know about the policy, one sentence each. */
  readonly notices: readonly string[];
  /** Policy files in use, which no sandbox may write. */
  readonly files: readonly SafePath[];
}
