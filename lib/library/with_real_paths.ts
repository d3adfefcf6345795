import { expandGlobs } from "../launch/expand_globs.ts";
import { isTrustedLink } from "../launch/gather_facts.ts";
import { resolvePath } from "../paths/resolve_path.ts";
import type { PathRule, PathRules, Policy } from "../policy/policy.ts";

// What a link leads to that somebody could have planted is not allowed by it: planning refuses such a rule by its name.
function realAllow(rule: PathRule, uid: number | null): PathRule {
  const { real, links } = resolvePath(rule.path);
  return links.every((link) => isTrustedLink(link, uid)) ? { ...rule, path: real } : rule;
}

// A pattern also denies what links lead to whose names match.
function realDeny(rule: PathRule, expand: boolean): PathRule[] {
  const { glob: _, ...named } = rule;
  const reached = (expand ? expandGlobs([rule]) : []).flatMap((
    { contents, targets },
  ) => [...contents, ...targets]);
  return [
    { ...rule, path: resolvePath(rule.path).real },
    ...reached.map(({ path }) => ({ ...named, path, optional: true })),
  ];
}

function realRules({ allow, deny }: PathRules, uid: number | null, expand: boolean): PathRules {
  return {
    allow: allow.map((rule) => realAllow(rule, uid)),
    deny: deny.flatMap((rule) => realDeny(rule, expand)),
  };
}

/**
 * A policy whose rules name real paths, so that it can be compared with another one: two names of one directory must not
 * pass for two directories.
 *
 * @param uid The user, whose links are not trusted
 * @param expand Whether to look for the links whose names a pattern matches, which takes a walk
 * @throws {TomboloError} where a pattern would have to look through too large a tree
 */
export function withRealPaths(policy: Policy, uid: number | null, expand: boolean): Policy {
  const { read, write, unix, unprotect, caBundle } = policy;
  return {
    ...policy,
    read: realRules(read, uid, expand),
    write: realRules(write, uid, expand),
    unprotect: unprotect.map((rule) => realAllow(rule, uid)),
    ...(unix === undefined ? {} : { unix: unix.map((rule) => realAllow(rule, uid)) }),
    ...(caBundle === undefined ? {} : { caBundle: realAllow(caBundle, uid) }),
  };
}
