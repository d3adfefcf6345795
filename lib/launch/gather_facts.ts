import type { HostFacts } from "../plan/host_facts.ts";
import { lstat, type ResolvedPath, resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { RuledProgram } from "../policy/decide_run.ts";
import type { Policy } from "../policy/policy.ts";
import { SECRETS } from "../policy/secrets.ts";
import { protections } from "../policy/protections.ts";
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

function gitKind(directory: SafePath): "file" | "directory" | undefined {
  const info = lstat(directory.join(".git"));
  if (info?.isSymlink) {
    throw new TomboloError("policy", `Cannot protect ${quote(`${directory}/.git`)}: it is a symbolic link`, {
      remedy: "make it a directory, or run with --preset=read-only",
    });
  }
  if (info === undefined) return undefined;
  return info.isDirectory ? "directory" : "file";
}

function entries(directory: string): Set<string> {
  try {
    return new Set(Array.from(Deno.readDirSync(directory), ({ name }) => name));
  } catch {
    return new Set();
  }
}

// A few listings tell which of many secrets exist, where asking for each would cost a failed call each.
function existingSecrets(home: SafePath | undefined): Set<string> {
  if (home === undefined) return new Set();
  const listed = new Map<string, ReadonlySet<string>>();
  const exists = (relative: string): boolean => {
    const slash = relative.lastIndexOf("/");
    const directory = slash < 0 ? "" : relative.slice(0, slash);
    if (directory !== "" && !exists(directory)) return false;
    const known = listed.get(directory) ?? entries(`${home}/${directory}`);
    listed.set(directory, known);
    return known.has(relative.slice(slash + 1));
  };
  return new Set(SECRETS.map(({ path }) => path).filter(exists));
}

// Where links are on the way, the directory is not made: what they lead to may not be the user's choice.
function canMake(path: SafePath, found: ResolvedPath | undefined, uid: number | null): boolean {
  if (found === undefined || found.kind !== undefined || found.links.length > 0) return false;
  const nearest = path.ancestors().findLast((at) => lstat(at) !== undefined);
  const info = nearest === undefined ? undefined : lstat(nearest);
  return info?.isDirectory === true && info.uid === uid && ((info.mode ?? 0) & 0o200) !== 0;
}

function privateDirectories(sessionDirectory: string | undefined): SafePath[] {
  const found = ["/tmp", "/run"].map((path) => SafePath.of(path));
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

/**
 * Looks once at everything that the plan depends on.
 *
 * @throws {TomboloError} where something stands in a place that cannot be protected
 */
export async function gatherFacts(request: FactsRequest): Promise<Omit<HostFacts, "env">> {
  const { policy, cwd, home, uid, own } = request;
  const writable = policy.write.allow.map(({ path }) => resolvePath(path)).filter(({ kind }) =>
    kind === "directory"
  );
  const repositories = new Map(writable.map(({ real }) => [real.toString(), gitKind(real)]));
  const rules = protections({
    home,
    secrets: existingSecrets(home),
    repositories: [...repositories].flatMap(([path, git]) =>
      git === undefined ? [] : [{ path: SafePath.of(path), git }]
    ),
    own: [...own.map((path) => SafePath.of(path)), ...policy.files],
  });
  const resolved = new Map<string, ResolvedPath>();
  const look = (path: SafePath) => {
    if (resolved.has(path.toString())) return;
    const found = resolvePath(path);
    resolved.set(path.toString(), found);
    for (const link of found.links) look(link);
  };
  for (
    const list of [
      policy.read.allow,
      policy.read.deny,
      policy.write.allow,
      policy.write.deny,
      policy.unix ?? [],
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
    writable.some(({ real }) => real.depth > 0 && real.contains(link.parent));
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
    privateDirectories: privateDirectories(request.sessionDirectory),
    maskFile: `${request.stateDirectory}/mask/file`,
    maskDirectory: `${request.stateDirectory}/mask/directory`,
  };
}
