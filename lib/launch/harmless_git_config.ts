import { type GitSetting, parseGitConfig } from "./git_config.ts";

type Check = (value: string) => boolean;

const any: Check = () => true;
const word: Check = (value) => /^[A-Za-z0-9_.][A-Za-z0-9_./+-]*$/.test(value);
const refspec: Check = (value) =>
  /^[+^]?[A-Za-z0-9_./*-]+(?::[A-Za-z0-9_./*-]+)?$/.test(value) && !value.startsWith("-");

const SCHEME = /^(?:https?|ssh|git):\/\/(?:[^\s@/:-][^\s@/]*@)?[A-Za-z0-9[][^\s]*$/;
const PATH = /^(?:file:\/\/)?\.{0,2}\/[^:]*$/;
const SCP = /^(?:[A-Za-z0-9_.][A-Za-z0-9_.-]*@)?[A-Za-z0-9][A-Za-z0-9_.-]*:[^:\s-][^\s]*$/;

/** Whether git only connects to a URL: `ext::` and other helpers run programs, a leading `-` is an option of ssh. */
export function isPlainUrl(url: string): boolean {
  if (url.includes("::")) return false;
  if (SCHEME.test(url) || PATH.test(url)) return true;
  return !url.includes("://") && SCP.test(url);
}

/** The path that a remote's address names on this machine; `undefined` where it names a host. */
function localPath(url: string): string | undefined {
  const path = url.startsWith("file://") ? url.slice("file://".length) : url;
  // A name without a slash is that of a remote.
  return path.includes("/") && !/^[^/]*:/.test(path) ? path : undefined;
}

function keys(section: string, names: string, check: Check = any): [string, Check][] {
  return names.split(" ").map((name) => [`${section}.${name}`, check]);
}

// What `git clone`, `git init`, `git submodule` and `git worktree` write, and settings that only choose how git shows
// or stores things. Whatever is not here may name a program.
const HARMLESS: ReadonlyMap<string, Check> = new Map([
  ...keys(
    "core",
    "repositoryformatversion filemode bare logallrefupdates ignorecase symlinks precomposeunicode",
  ),
  ...keys(
    "core",
    "autocrlf eol safecrlf sparsecheckout sparsecheckoutcone untrackedcache quotepath abbrev",
    word,
  ),
  ...keys("core", "compression sharedrepository longpaths preloadindex commitgraph multipackindex", word),
  ...keys("remote", "url pushurl", isPlainUrl),
  ...keys("remote", "fetch push", refspec),
  ...keys("remote", "tagopt", (value) => value === "--tags" || value === "--no-tags"),
  ...keys(
    "remote",
    "prune prunetags mirror promisor partialclonefilter skipfetchall skipdefaultupdate gh-resolved",
    (value) => /^[A-Za-z0-9_.:=]*$/.test(value),
  ),
  ...keys("remote", "pushdefault", word),
  ...keys("branch", "remote pushremote rebase autosetupmerge autosetuprebase sort", word),
  ...keys("branch", "merge", (value) => /^[^-:\s][^:\s]*$/.test(value)),
  ...keys("branch", "description"),
  ...keys("user", "name email useconfigonly"),
  ...keys("submodule", "url", isPlainUrl),
  ...keys(
    "submodule",
    "active path branch shallow ignore recurse fetchrecursesubmodules fetchjobs propagatebranches",
    (value) => !value.startsWith("-"),
  ),
  ...keys("submodule", "update", (value) => /^(?:checkout|rebase|merge|none)$/.test(value)),
  ...keys(
    "extensions",
    "objectformat compatobjectformat refstorage partialclone worktreeconfig noop preciousobjects relativeworktrees",
    word,
  ),
  ...keys(
    "gc",
    "auto autodetach autopacklimit pruneexpire worktreepruneexpire reflogexpire reflogexpireunreachable",
    any,
  ),
  ...keys("init", "defaultbranch defaultobjectformat", word),
  ...keys("pull", "rebase ff", word),
  ...keys("push", "default autosetupremote followtags", word),
  ...keys("fetch", "prune prunetags parallel recursesubmodules", word),
  ...keys("merge", "ff conflictstyle renames", word),
  ...keys("rebase", "autostash autosquash updaterefs", word),
  ...keys("rerere", "enabled autoupdate", word),
  ...keys("status", "short branch showuntrackedfiles", word),
  ...keys("index", "version threads sparse skiphash", word),
  ...keys("feature", "manyfiles experimental", word),
  ...keys("maintenance", "auto strategy", word),
  ...keys("lfs", "repositoryformatversion", word),
]);

// Elsewhere a subsection gives a setting another meaning.
const WITH_SUBSECTION = new Set(["remote", "branch", "submodule"]);

function isHarmless({ key, subsection, value }: GitSetting): boolean {
  const check = HARMLESS.get(key);
  const section = key.slice(0, key.indexOf("."));
  if (check === undefined || (subsection !== undefined && !WITH_SUBSECTION.has(section))) return false;
  // A remote's name may itself be used as its URL.
  if (subsection !== undefined && (subsection.startsWith("-") || subsection.includes("::"))) return false;
  return check(value ?? "true");
}

// What git may take for the address of a remote.
const ADDRESSES: ReadonlySet<string> = new Set([
  "remote.url",
  "remote.pushurl",
  "remote.pushdefault",
  "branch.remote",
  "branch.pushremote",
  "submodule.url",
]);

/** What the paths in a configuration are looked at with. */
export interface ConfigPlaces {
  /** Whether a working tree that core.worktree names is one that the sandbox may write. */
  readonly isInside: (worktree: string) => boolean;
  /** Whether a path lies where nobody looks for repositories, and git would run the hooks of one. */
  readonly isHidden: (path: string) => boolean;
}

/**
 * What of a git configuration may make git run a program; fails closed.
 *
 * @param text The whole file
 * @returns The first such setting, or what could not be understood; `undefined` where all is harmless
 */
export function dangerousSetting(text: string, { isInside, isHidden }: ConfigPlaces): string | undefined {
  const leadsAstray = ({ key, value = "" }: GitSetting) => {
    const path = ADDRESSES.has(key) ? localPath(value) : undefined;
    return path !== undefined && isHidden(path);
  };
  const settings = parseGitConfig(text);
  if (settings === undefined) return "it holds what tombolo does not understand";
  const found = settings.find((setting) =>
    setting.key === "core.worktree" && setting.subsection === undefined
      ? setting.value === undefined || !isInside(setting.value)
      : !isHarmless(setting) || leadsAstray(setting)
  );
  return found === undefined ? undefined : `it sets ${found.key}`;
}
