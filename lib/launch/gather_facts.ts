import type { HostFacts } from "../plan/host_facts.ts";
import { lstat, type ResolvedPath, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { RuledProgram } from "../policy/decide_run.ts";
import type { Policy } from "../policy/policy.ts";
import { HOME_EXECUTED } from "../policy/host_executed.ts";
import { SECRETS } from "../policy/secrets.ts";
import { protections } from "../policy/protections.ts";
import { Listings } from "./listings.ts";
import { privatePlaces } from "./private_places.ts";
import { repositoryFacts } from "./repository_facts.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What of this process and host the facts are gathered with. */
export interface FactsRequest {
  readonly policy: Policy;
  readonly cwd: SafePath;
  readonly home: SafePath | undefined;
  readonly uid: number | null;
  /** tombolo's own program, sources, caches and state. */
  readonly own: readonly string[];
  readonly stateDirectory: string;
  readonly sessionDirectory: string | undefined;
  /** Programs that rules deny. */
  readonly denied?: readonly RuledProgram[];
}

// Directories that only the host's administrator fills, also where that is the user.
const SYSTEM = ["/usr", "/etc", "/lib", "/lib64", "/bin", "/sbin"].map((path) => SafePath.of(path));

// Where /usr holds everything, these point into it (file-hierarchy(7)).
const SYSTEM_LINKS = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"].map((path) =>
  SafePath.of(path)
);

/** Whether no sandbox can have put a link there: an ordinary user cannot, and root's sandboxes write elsewhere. */
export function isTrustedLink(link: SafePath, uid: number | null): boolean {
  const directory = link.parent;
  const info = lstat(directory);
  if (info === undefined || info.uid !== 0 || ((info.mode ?? 0o777) & 0o022) !== 0) return false;
  const text = directory.toString();
  return uid !== 0 || text === "/" || text === "/var" || SYSTEM.some((path) => path.contains(directory));
}

/**
 * Resolves a path that the user named and that an earlier sandbox must not have redirected (CVE-2024-42472).
 *
 * @param what What the path is for, as in `working directory`
 * @throws {TomboloError} where a link on the way lies where a sandbox could have put it
 */
export function resolveTrusted(path: SafePath, what: string, uid: number | null): ResolvedPath {
  const found = resolvePath(path);
  const planted = found.links.find((link) => !isTrustedLink(link, uid));
  if (planted === undefined) return found;
  throw new TomboloError(
    "policy",
    `Cannot use ${what} ${quote(path.toString())}: ${quote(planted.toString())} is a symbolic link to ${
      quote(found.real.toString())
    }`,
    { remedy: "name the target itself" },
  );
}

function existingSecrets(home: SafePath | undefined, listings: Listings): Set<string> {
  if (home === undefined) return new Set();
  return new Set(SECRETS.map(({ path }) => path).filter((path) => listings.exists(home.toString(), path)));
}

// Of dotfiles that are collected in a repository, the home directory holds links.
function linkedIntoRoots(
  home: SafePath | undefined,
  roots: readonly SafePath[],
  listings: Listings,
): Set<string> {
  if (home === undefined || roots.length === 0) return new Set();
  const found = HOME_EXECUTED.filter(({ path }) => listings.exists(home.toString(), path));
  return new Set(
    found.map(({ path }) => path).filter((path) => {
      const { real, links } = resolvePath(home.join(path));
      return links.length > 0 && roots.some((root) => root.contains(real));
    }),
  );
}

// Where links are on the way, the directory is not made: what they lead to may not be the user's choice.
function canMake(path: SafePath, found: ResolvedPath | undefined, uid: number | null): boolean {
  if (found === undefined || found.kind !== undefined || found.links.length > 0) return false;
  const nearest = path.ancestors().findLast((at) => lstat(at) !== undefined);
  const info = nearest === undefined ? undefined : lstat(nearest);
  return info?.isDirectory === true && info.uid === uid && ((info.mode ?? 0) & 0o200) !== 0;
}

function privateDirectories(sessionDirectory: string | undefined): SafePath[] {
  const found = privatePlaces(Deno.build.os).map((path) => SafePath.of(path));
  for (const extra of ["/var/run", sessionDirectory]) {
    if (extra === undefined || !extra.startsWith("/")) continue;
    const { real, kind } = resolvePath(SafePath.of(extra));
    if (kind === "directory" && !found.some((path) => path.contains(real))) found.push(real);
  }
  return found;
}

async function globMatches({ read, write }: Policy): Promise<HostFacts["globs"]> {
  const rules = [...read.deny, ...write.deny].filter(({ glob }) => glob !== undefined);
  if (rules.length === 0) return [];
  return (await import("./expand_globs.ts")).expandGlobs(rules);
}

// The working directory first: where the time for looking ends, it has been looked at.
function writableRoots(policy: Policy, cwd: SafePath): SafePath[] {
  const found = policy.write.allow.map(({ path }) => resolvePath(path)).filter(({ kind }) =>
    kind === "directory"
  );
  const roots = [...new Map(found.map(({ real }) => [real.toString(), real])).values()];
  return roots.sort((a, b) => Number(b.contains(cwd)) - Number(a.contains(cwd)) || b.depth - a.depth);
}

/**
 * Looks once at everything that the plan depends on.
 *
 * @throws {TomboloError} where something stands in a place that cannot be protected
 */
export async function gatherFacts(request: FactsRequest): Promise<Omit<HostFacts, "env">> {
  const { policy, cwd, home, uid, own, stateDirectory } = request;
  const roots = writableRoots(policy, cwd);
  const hidden = privateDirectories(request.sessionDirectory);
  const pseudo = ["/proc", "/sys", "/dev"].map((path) => SafePath.of(path));
  const isPrivate = (path: string) => [...hidden, ...pseudo].some((at) => at.contains(SafePath.of(path)));
  const repositories = await repositoryFacts({ policy, roots, stateDirectory, uid, home, isPrivate });
  const listings = new Listings();
  const rules = protections({
    home,
    secrets: existingSecrets(home, listings),
    repositories: repositories.places,
    commonDirectories: repositories.commonDirectories,
    configured: repositories.configured,
    roots,
    projects: repositories.projects,
    linked: linkedIntoRoots(home, roots, listings),
    exists: (base, relative) => listings.exists(base, relative),
    shut: repositories.shut,
    own: [...own.map((path) => SafePath.of(path)), ...policy.files],
  });
  const resolved = new Map<string, ResolvedPath>();
  const look = (path: SafePath) => {
    if (resolved.has(path.toString())) return;
    const absent = listings.isAbsent(path.toString());
    const found: ResolvedPath = absent ? { real: path, kind: undefined, links: [] } : resolvePath(path);
    resolved.set(path.toString(), found);
    for (const link of found.links) look(link);
  };
  const { opened } = repositories;
  for (
    const list of [
      policy.read.allow,
      policy.read.deny,
      policy.write.allow,
      policy.write.deny,
      policy.unix ?? [],
      opened,
      rules,
      policy.unprotect,
      request.denied ?? [],
    ]
  ) {
    for (const { path } of list) look(path);
  }
  const makes = policy.write.allow.filter(({ path, make }) =>
    make === true && canMake(path, resolved.get(path.toString()), uid)
  ).map(({ path }) => path.toString());
  for (const path of makes) {
    resolved.set(path, { real: SafePath.of(path), kind: "directory", links: [] });
  }
  const systemLinks = policy.base === "none" ? SYSTEM_LINKS.filter((path) => lstat(path)?.isSymlink) : [];
  systemLinks.forEach(look);
  const links = [...resolved.values()].flatMap((found) => found.links);
  const isWritable = (link: SafePath) =>
    [...roots, ...opened.map(({ path }) => path)].some((root) =>
      root.depth > 0 && root.contains(link.parent)
    );
  return {
    arch: Deno.build.arch,
    home,
    cwd,
    resolved,
    trustedLinks: new Set(links.filter((link) => isTrustedLink(link, uid) && !isWritable(link)).map(String)),
    systemLinks,
    protections: rules,
    globs: await globMatches(policy),
    makes,
    opened,
    repositories: [
      ...repositories.watch,
      ...makes.map((root) => ({ root, known: [], isComplete: true, beyond: [] })),
    ],
    notices: repositories.notices,
    privateDirectories: hidden,
    maskFile: `${stateDirectory}/mask/file`,
    maskDirectory: `${stateDirectory}/mask/directory`,
  };
}
