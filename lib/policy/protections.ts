import { SafePath } from "../paths/safe_path.ts";
import type { ProtectionRule } from "./decide_path.ts";
import { GIT_EXECUTED, HOME_EXECUTED, type HostExecuted, PROJECT_EXECUTED } from "./host_executed.ts";
import { OWN_FILES } from "./lift_protections.ts";
import { SECRETS } from "./secrets.ts";

/** What git finds at a place: a git directory, the part of one that a linked worktree has of its own, a pointer, a link. */
export type GitKind = "directory" | "worktree" | "pointer" | "link";

/** Where git looks for what it runs. */
export interface GitPlace {
  /** Absolute real path. */
  readonly path: string;
  readonly kind: GitKind;
}

/** A common directory that a linked worktree opens, and the part of it that is the worktree's own. */
export interface CommonDirectory {
  readonly path: SafePath;
  /** Name below `worktrees`. */
  readonly worktree: string;
}

/** Something that git's configuration has the host run. */
export interface ConfiguredPath {
  readonly path: SafePath;
  readonly reason: string;
}

/** What protections are made from. */
export interface ProtectionContext {
  readonly home: SafePath | undefined;
  /** Which of the secrets' paths below the home directory exist. */
  readonly secrets: ReadonlySet<string>;
  readonly repositories: readonly GitPlace[];
  readonly commonDirectories?: readonly CommonDirectory[];
  readonly configured?: readonly ConfiguredPath[];
  /** Real paths of the writable directories. */
  readonly roots?: readonly SafePath[];
  /** Paths below the home directory that links lead into a writable directory, as those of collected dotfiles. */
  readonly linked?: ReadonlySet<string>;
  /** Working trees below them that hold something of what the host executes. */
  readonly projects?: readonly SafePath[];
  /** Whether something stands at a path below a directory that exists. */
  readonly exists?: (base: string, relative: string) => boolean;
  /** Directories that could not be looked into, though the command can open them. */
  readonly shut?: readonly SafePath[];
  /** tombolo's own program, sources, cache and state, and the policy files in use. */
  readonly own: readonly SafePath[];
}

const GIT = "protection git";
const HOST = "protection host";

// At the top of a project only what has no other meaning there: `bin` holds its programs.
const HOME_FILES = HOME_EXECUTED.filter(({ path }) => path.startsWith(".") && !path.includes("/"));

function secrets(context: ProtectionContext): ProtectionRule[] {
  const home = context.home;
  if (home === undefined) return [];
  return SECRETS.filter((secret) => context.secrets.has(secret.path)).flatMap((secret) => {
    const path = home.join(secret.path);
    const rule = { text: `~/${secret.path}`, origin: "protection secrets", reason: secret.reason };
    return [
      { ...rule, path, denies: "read" as const },
      // What stays readable is not writable for that: ~/.ssh/config names commands.
      ...(secret.except ?? []).flatMap((name) =>
        (["nothing", "write"] as const).map((denies) => ({
          ...rule,
          text: `~/${secret.path}/${name}`,
          path: path.join(name),
          denies,
        }))
      ),
    ];
  });
}

function writeRule(path: SafePath, origin: string, reason: string): ProtectionRule {
  return { text: path.toString(), origin, path, denies: "write", reason };
}

function executedIn(base: SafePath, origin: string, list: readonly HostExecuted[]): ProtectionRule[] {
  return list.map(({ path, reason }) => writeRule(base.join(path), origin, reason));
}

// People link these to a directory that they share between projects or computers.
function executedByHost(base: SafePath, list: readonly HostExecuted[]): ProtectionRule[] {
  return executedIn(base, HOST, list).map((rule) => ({ ...rule, watchesLinks: true }));
}

function repository({ path, kind }: GitPlace): ProtectionRule[] {
  const at = SafePath.of(path);
  // Without its commondir, the directory of a linked worktree is one like any other.
  if (kind === "directory" || kind === "worktree") return executedIn(at, GIT, GIT_EXECUTED);
  return [writeRule(at, GIT, "git follows the pointer to what it runs")];
}

// The rest of it is the linked worktree's to write: objects, refs, logs, and locks beside packed-refs.
function commonDirectory({ path, worktree }: CommonDirectory): ProtectionRule[] {
  const others = ["HEAD", "index", "modules", "worktrees"].map((name) => ({
    ...writeRule(path.join(name), GIT, "it belongs to other working trees"),
    mayBeReplaced: true,
  }));
  const own = path.join("worktrees").join(worktree);
  return [...others, { ...writeRule(own, GIT, "it is the worktree's own"), denies: "nothing" }];
}

// A root that the user named below such a path is meant to be written.
function inHome({ home, roots = [], linked = new Set() }: ProtectionContext): ProtectionRule[] {
  if (home === undefined) return [];
  // By their texts: no root holds any of them in most runs.
  const tops = roots.map((root) => root.depth === 0 ? "/" : `${root}/`);
  const held = HOME_EXECUTED.filter(({ path }) =>
    linked.has(path) || tops.some((top) => `${home}/${path}`.startsWith(top))
  );
  return executedByHost(home, held);
}

function hostExecuted(context: ProtectionContext): ProtectionRule[] {
  const { roots = [], projects = [], exists = () => false } = context;
  const present = (base: SafePath, list: readonly HostExecuted[]) =>
    executedByHost(base, list.filter(({ path }) => exists(base.toString(), path)));
  return [
    ...roots.flatMap((root) => [...executedByHost(root, PROJECT_EXECUTED), ...present(root, HOME_FILES)]),
    ...projects.flatMap((project) => present(project, PROJECT_EXECUTED)),
    ...inHome(context),
  ];
}

/**
 * The rules that no broad rule of the user can re-open.
 *
 * @param context What of the host they depend on
 * @returns Rules whose paths need not exist
 */
export function protections(context: ProtectionContext): ProtectionRule[] {
  const own = context.own.map((path) => ({
    text: path.toString(),
    origin: OWN_FILES,
    path,
    denies: "write" as const,
    reason: "tombolo's own files decide what the next sandbox may do",
  }));
  const shut = (context.shut ?? []).map((path) => writeRule(path, GIT, "it could not be looked into"));
  return [
    ...secrets(context),
    ...context.repositories.flatMap(repository),
    ...(context.commonDirectories ?? []).flatMap(commonDirectory),
    ...(context.configured ?? []).map(({ path, reason }) => ({
      ...writeRule(path, GIT, reason),
      watchesLinks: true,
    })),
    ...hostExecuted(context),
    ...shut,
    ...own,
  ];
}
