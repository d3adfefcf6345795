import { SafePath } from "../paths/safe_path.ts";
import type { PathRule, Policy } from "../policy/policy.ts";
import type { CommonDirectory, ConfiguredPath, GitPlace } from "../policy/protections.ts";
import type { RepositoryWatch } from "../plan/plan.ts";
import { lstat, resolvePath } from "../paths/resolve_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { configuredPaths } from "./configured_paths.ts";
import { type KnownRepositories, knownRepositories, searchNotices } from "./known_repositories.ts";

/** What the writable directories hold of repositories, and which repositories outside they belong to. */
export interface RepositoryFacts {
  readonly places: readonly GitPlace[];
  readonly projects: readonly SafePath[];
  readonly shut: readonly SafePath[];
  readonly commonDirectories: readonly CommonDirectory[];
  /** What git's configuration names below the writable directories. */
  readonly configured: readonly ConfiguredPath[];
  /** What of those outside may be written. */
  readonly opened: readonly PathRule[];
  readonly watch: readonly RepositoryWatch[];
  readonly notices: readonly string[];
}

/** What repositories are looked for with. */
export interface RepositoryRequest {
  readonly policy: Policy;
  /** Real paths of the writable directories, the most important first. */
  readonly roots: readonly SafePath[];
  readonly stateDirectory: string;
  readonly uid: number | null;
  readonly home: SafePath | undefined;
  readonly isPrivate: (path: string) => boolean;
}

function refuseLinks(places: readonly GitPlace[]): void {
  const link = places.find(({ kind }) => kind === "link");
  if (link === undefined) return;
  throw new TomboloError("policy", `Cannot protect ${quote(link.path)}: it is a symbolic link`, {
    remedy: "make it a directory, or run with --preset=read-only",
  });
}

// The command can open what it owns. What is another user's it cannot, unless root is in a group of theirs.
function mayOpen(path: string, uid: number | null): boolean {
  const info = lstat(path);
  return info !== undefined && (uid === 0 || info.uid === uid);
}

async function outsideOf({ roots, policy }: RepositoryRequest) {
  const found: { rule: PathRule; common?: CommonDirectory; search: string }[] = [];
  for (const root of roots) {
    if (lstat(`${root}/.git`)?.isFile !== true) continue;
    const { outsideRepository } = await import("./linked_worktree.ts");
    const outside = await outsideRepository(root.toString());
    if (outside === undefined) continue;
    const { directory: path, worktree } = outside;
    const isDenied = [...policy.read.deny, ...policy.write.deny].some((rule) =>
      resolvePath(rule.path).real.contains(path)
    );
    if (isDenied || roots.some((at) => at.contains(path))) continue;
    found.push({
      rule: { text: path.toString(), origin: "protection git", path, optional: true },
      ...(worktree === undefined ? {} : { common: { path, worktree } }),
      search: path.toString(),
    });
  }
  return found;
}

/**
 * Looks for repositories in all writable directories.
 *
 * @throws {TomboloError} where a `.git` is a link, which no mount can guard
 */
export async function repositoryFacts(request: RepositoryRequest): Promise<RepositoryFacts> {
  const outside = await outsideOf(request);
  const roots = [...request.roots.map(String), ...outside.map(({ search }) => search)];
  const clocks = { elapsed: () => performance.now(), date: () => Date.now() };
  const found = await knownRepositories(roots, request.stateDirectory, request.uid, clocks);
  const places = found.flatMap((one) => one.places);
  refuseLinks(places);
  const configured = await configuredPaths({ places, roots: request.roots, home: request.home });
  const shut = found.flatMap((one) => one.shut).filter((path) => mayOpen(path, request.uid));
  return {
    places,
    projects: found.flatMap((one) => one.projects).map((path) => SafePath.of(path)),
    shut: shut.map((path) => SafePath.of(path)),
    commonDirectories: outside.flatMap(({ common }) => common ?? []),
    configured: configured.paths,
    opened: outside.map(({ rule }) => rule),
    watch: found.map(watchOf),
    notices: [...searchNotices(found, request.isPrivate), ...configured.notices],
  };
}

function watchOf({ root, known, isComplete, beyond }: KnownRepositories): RepositoryWatch {
  return { root, known, isComplete, beyond };
}
