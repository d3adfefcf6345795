import { Listings } from "../launch/listings.ts";
import { isTrustedLink } from "../launch/gather_facts.ts";
import { ruledPrograms } from "../launch/ruled_programs.ts";
import { HostError } from "../host/host_error.ts";
import { HostPort } from "../host/host_port.ts";
import { lstat, type ResolvedPath, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import { runDecider } from "../plan/plan_programs.ts";
import { DEFAULT_PATH } from "../plan/default_path.ts";
import { commandEnvironment, givesVariable } from "../policy/command_environment.ts";
import { decideHost } from "../policy/decide_host.ts";
import { decidePath, pathDecider, type ProtectionRule } from "../policy/decide_path.ts";
import { decideRun } from "../policy/decide_run.ts";
import type { Policy } from "../policy/policy.ts";
import { type GitPlace, protections } from "../policy/protections.ts";
import type { Rule } from "../policy/rule.ts";
import { limitsPrograms } from "../policy/run_policy.ts";
import { SECRETS } from "../policy/secrets.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What a policy can be asked about. */
export type DecisionKind = "read" | "write" | "net" | "run" | "env" | "unix";

/** A question to a policy. */
export interface DecisionRequest {
  readonly kind: DecisionKind;
  /** A path, `HOST:PORT`, a program, or the name of a variable. */
  readonly target: string;
}

/** The answer of a policy, and why. */
export interface Decision {
  readonly allowed: boolean;
  /** A short phrase: `no rule allows it`. */
  readonly reason: string;
  /** The rule that decided; absent where none spoke. */
  readonly rule?: Rule;
  /** The smallest flag that would allow it; absent where a deny rule stands in the way. */
  readonly suggestion?: string;
}

/** What a policy is asked against. */
export interface DecisionContext {
  /** Directory of relative paths. */
  readonly cwd: SafePath;
  readonly home: SafePath | undefined;
  readonly uid: number | null;
  /** The whole environment of the caller. */
  readonly caller: Readonly<Record<string, string>>;
  /** tombolo's own files. */
  readonly own: readonly string[];
}

const HOST_PORT = /:\d+$/;
const HTTPS = 443;

function deniedBy(rule: Rule): Decision {
  return { allowed: false, reason: `denied by ${rule.text} (${rule.origin})`, rule };
}

function plain({ allowed, reason, rule, suggestion }: Decision): Decision {
  return {
    allowed,
    reason,
    ...(rule === undefined ? {} : { rule: { text: rule.text, origin: rule.origin } }),
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}

// Only repositories on the way to the path can have a say.
function repositoriesOn(path: SafePath): GitPlace[] {
  return [...path.ancestors(), path].filter(({ name }) => name === ".git").map((at) => ({
    path: at.toString(),
    kind: lstat(at)?.isFile === true ? "pointer" : "directory",
  }));
}

// Those that exist, and the one that is asked about even where it does not exist yet.
function secretsNear(path: SafePath, home: SafePath | undefined, listings: Listings): ReadonlySet<string> {
  if (home === undefined) return new Set();
  const near = SECRETS.map((secret) => secret.path)
    .filter((below) => home.join(below).contains(path) || listings.exists(home.toString(), below));
  return new Set(near);
}

function protectionsFor(policy: Policy, path: SafePath, { home, own }: DecisionContext): ProtectionRule[] {
  const listings = new Listings();
  const roots = policy.write.allow.map((rule) => rule.path).filter((root) =>
    lstat(root)?.isDirectory === true
  );
  const rules = protections({
    home,
    secrets: secretsNear(path, home, listings),
    repositories: repositoriesOn(path),
    roots,
    projects: path.ancestors().filter((at) => roots.some((root) => root.contains(at))),
    exists: (base, relative) => listings.exists(base, relative),
    own: [...own.map((each) => SafePath.of(each)), ...policy.files],
  });
  return rules.map((rule) => {
    const isThere = lstat(rule.path) !== undefined;
    return isThere ? { ...rule, path: resolvePath(rule.path).real } : rule;
  });
}

function pathDecision(
  policy: Policy,
  access: "read" | "write",
  { real, links }: ResolvedPath,
  context: DecisionContext,
): Decision {
  const { read, write } = policy;
  // Whoever denies a link by a pattern for its name means what it leads to.
  const deny = access === "read" ? read.deny : [...read.deny, ...write.deny];
  const rule = deny.find(({ glob, path }) => links.some((link) => glob?.covers(path, link) === true));
  if (rule !== undefined) return deniedBy(rule);
  return decidePath(pathDecider(read, write, protectionsFor(policy, real, context)), access, real);
}

function hostDecision({ net }: Policy, target: string): Decision {
  try {
    return decideHost(net, HostPort.parse(HOST_PORT.test(target) ? target : `${target}:${HTTPS}`));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { allowed: false, reason: error.message };
  }
}

function programDecision(policy: Policy, target: string, { cwd, uid, caller }: DecisionContext): Decision {
  if (!limitsPrograms(policy.run)) return { allowed: true, reason: "no rule denies it" };
  const searchPath = commandEnvironment(policy.env, caller).get("PATH");
  const writable = policy.write.allow.map((rule) => rule.path);
  const facts = ruledPrograms({
    run: policy.run,
    searchPath,
    cwd,
    isTrusted: (link) => isTrustedLink(link, uid),
    isWritable: (path) => writable.some((root) => root.depth > 0 && root.contains(path)),
  });
  const places = target.includes("/")
    ? [SafePath.from(target, cwd.toString())]
    : (searchPath ?? DEFAULT_PATH).split(":").map((each) =>
      SafePath.from(`${each}/${target}`, cwd.toString())
    );
  const found = places.map((path) => resolvePath(path)).find(({ kind }) => kind === "file");
  if (found === undefined) return { allowed: false, reason: "no such program" };
  return decideRun(runDecider(facts), found.real, target);
}

function variableDecision({ env }: Policy, name: string): Decision {
  if (env.set.has(name)) return { allowed: true, reason: "the policy sets it" };
  if (givesVariable(env, name)) return { allowed: true, reason: "a rule allows it" };
  const matches = (rule: Rule) => givesVariable({ allow: [rule], deny: [], set: new Map() }, name);
  const denied = [env, ...env.within ?? []].flatMap(({ deny }) => deny).find(matches);
  if (denied !== undefined) return deniedBy(denied);
  return { allowed: false, reason: "no rule allows it", suggestion: `--allow-env=${name}` };
}

function socketDecision({ unix = [], read }: Policy, path: SafePath): Decision {
  const denied = read.deny.find((rule) => rule.glob === undefined && rule.path.equals(path));
  if (denied !== undefined) return deniedBy(denied);
  const rule = unix.find((each) => each.path.equals(path));
  if (rule !== undefined) return { allowed: true, reason: `allowed by ${rule.text} (${rule.origin})`, rule };
  return { allowed: false, reason: "no rule allows it", suggestion: `--allow-unix=${path}` };
}

/**
 * Asks a policy whose rules name real paths, as its sandboxes would decide, protections included. A name is not resolved: whether the address that it
 * leads to may be reached is decided when it is dialed.
 *
 * @throws {TomboloError} where the question is not one
 */
export function decide(
  policy: Policy,
  { kind, target }: DecisionRequest,
  context: DecisionContext,
): Decision {
  const path = () => {
    const text = SafePath.parse(target, {
      base: context.cwd.toString(),
      variable: (name) => name === "HOME" ? context.home?.toString() : context.caller[name],
    });
    return resolvePath(text);
  };
  switch (kind) {
    case "read":
    case "write":
      return plain(pathDecision(policy, kind, path(), context));
    case "net":
      return plain(hostDecision(policy, target));
    case "run":
      return plain(programDecision(policy, target, context));
    case "env":
      return plain(variableDecision(policy, target));
    case "unix":
      return plain(socketDecision(policy, path().real));
    default:
      throw new TomboloError("usage", `Cannot decide about ${String(kind)}`, {
        remedy: "wanted: read, write, net, run, env or unix",
      });
  }
}
