import type { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { composeEnv } from "./compose_env.ts";
import { composeNet } from "./compose_net.ts";
import { intersectPaths } from "./intersect_paths.ts";
import { LIMIT_NAMES, type Limits } from "./limits.ts";
import type { BaseName, PathRule, Policy } from "./policy.ts";
import type { RunPolicy } from "./run_policy.ts";

function composeBase(parent: BaseName, child: BaseName): BaseName {
  const bases = [parent, child];
  return bases.includes("none") ? "none" : bases.includes("strict") ? "strict" : child;
}

function composeLimits(parent: Limits, child: Limits): Limits {
  const found = LIMIT_NAMES.flatMap((name) => {
    const [smallest] = [parent[name], child[name]].filter((limit) => limit !== undefined)
      .sort((a, b) => a.value - b.value);
    return smallest === undefined ? [] : [[name, smallest] as const];
  });
  return Object.fromEntries(found);
}

function composeRun(parent: RunPolicy, child: RunPolicy): RunPolicy {
  const { within: outer = [], ...itself } = parent;
  return {
    ...child,
    deny: [...parent.deny, ...child.deny],
    within: [...outer, ...child.within ?? [], itself],
  };
}

// By the paths as they are: rules about sockets name one each.
function inBoth(parent: readonly PathRule[] = [], child: readonly PathRule[] = []): PathRule[] {
  return child.filter(({ path }) => parent.some((rule) => rule.path.equals(path)));
}

function composeCaBundle({ caBundle: ours }: Policy, { caBundle: theirs }: Policy): Pick<Policy, "caBundle"> {
  if (theirs !== undefined && (ours === undefined || !ours.path.equals(theirs.path))) {
    throw new TomboloError(
      "policy",
      `Cannot compose policies: CA certificates ${
        quote(theirs.text)
      } (${theirs.origin}) are not the parent's`,
      { remedy: "name them in the parent, or leave them out" },
    );
  }
  return ours === undefined ? {} : { caBundle: ours };
}

function unique(paths: readonly SafePath[]): SafePath[] {
  return [...new Map(paths.map((path) => [path.toString(), path])).values()];
}

/**
 * Makes a policy narrower: what the result allows, both allow. Denies unite, allows intersect, of two limits the smaller
 * holds, and what a parent denies no rule of a child opens again, however deep it is.
 *
 * @param parent Its paths are real paths
 * @param child Its paths are real paths
 * @throws {TomboloError} where the child names an upstream, a static address or certificates that the parent does not
 */
export function composePolicies(parent: Policy, child: Policy): Policy {
  const unix = inBoth(parent.unix, child.unix);
  const { read, write } = intersectPaths(parent, child);
  return {
    base: composeBase(parent.base, child.base),
    read,
    write,
    net: composeNet(parent.net, child.net),
    run: composeRun(parent.run, child.run),
    ...(unix.length === 0 ? {} : { unix }),
    env: composeEnv(parent.env, child.env),
    unprotect: inBoth(parent.unprotect, child.unprotect),
    ...composeCaBundle(parent, child),
    limits: composeLimits(parent.limits, child.limits),
    notices: [...new Set([...parent.notices, ...child.notices])],
    files: unique([...parent.files, ...child.files]),
  };
}
