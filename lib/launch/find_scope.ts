import { TomboloError } from "../report/tombolo_error.ts";

/** Where control groups are looked for; tests have trees of their own. */
export interface CgroupPlaces {
  /** Where cgroup v2 is mounted. */
  readonly root: string;
  /** Says which control group the caller is in, as /proc/self/cgroup does. */
  readonly self: string;
  /** Says who the caller's users are outside of its user namespace, as /proc/self/uid_map does. */
  readonly userMap: string;
}

/** The places of a real host. */
export const CGROUP_PLACES: CgroupPlaces = {
  root: "/sys/fs/cgroup",
  self: "/proc/self/cgroup",
  userMap: "/proc/self/uid_map",
};

/** What the search has found. */
export interface FoundScope {
  readonly scope: { readonly parent: string } | { readonly missing: string };
  /** Lines of the user map: inner id, outer id, count. */
  readonly userMap: readonly (readonly number[])[];
}

/**
 * Deno gives nobody /proc or /sys without all permissions; a shell reads them with its builtins. The caller's own
 * control group and those above it are tried. In one that hands controllers to its children a process may move between
 * these if it may write the common ancestor's cgroup.procs (Documentation/admin-guide/cgroup-v2.rst, "Delegation").
 *
 * Parameters: the root, the file of the own control group, the user map, then the wanted controllers.
 */
const SEARCH_SCRIPT = `
root=$1 self=$2
while read -r line || [ -n "$line" ]; do echo "map $line"; done <"$3"
shift 3
missing() { echo "missing $1"; exit 0; }
[ -e "$root/cgroup.controllers" ] || missing 'this host has no cgroup v2 hierarchy alone (v1 is not supported)'
own=
while IFS= read -r line; do
  case $line in 0::/*) own=\${line#0::} ;; esac
done <"$self"
[ -n "$own" ] || missing 'this process is in no cgroup of version 2'
case $own/ in */../*) missing 'the cgroup of this process lies outside of what is mounted' ;; esac
why="no cgroup above this process hands on the controller: $*"
at=\${own%/}
while :; do
  dir=$root$at has=1 handed=
  if [ -r "$dir/cgroup.subtree_control" ]; then read -r handed <"$dir/cgroup.subtree_control"; fi
  for name in "$@"; do
    case " $handed " in *" $name "*) ;; *) has= ;; esac
  done
  if [ -n "$has" ]; then
    if [ -w "$dir" ] && [ -w "$dir/cgroup.procs" ]; then echo "parent $dir"; exit 0; fi
    why="the cgroups of this process are not delegated to this user"
  fi
  [ -n "$at" ] || break
  at=\${at%/*}
done
missing "$why"
`;

/**
 * Looks for a control group in which this user may make one with these controllers.
 *
 * @param controllers `memory`, `pids`
 * @throws {TomboloError} where the shell could not look
 */
export function findScope(controllers: readonly string[], places: CgroupPlaces): FoundScope {
  const { success, stdout, stderr } = new Deno.Command("/bin/sh", {
    args: ["-c", SEARCH_SCRIPT, "sh", places.root, places.self, places.userMap, ...controllers],
    clearEnv: true,
    stdin: "null",
  }).outputSync();
  const lines = new TextDecoder().decode(stdout).split("\n");
  const after = (word: string) =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  const [parent] = after("parent");
  const [missing] = after("missing");
  if (!success || (parent === undefined && missing === undefined)) {
    const said = new TextDecoder().decode(stderr).trim();
    throw new TomboloError("sandbox", `Cannot look for a cgroup: ${said === "" ? "the shell failed" : said}`);
  }
  return {
    scope: parent !== undefined ? { parent } : { missing: missing ?? "" },
    userMap: after("map").map((line) => line.trim().split(/\s+/).map(Number)),
  };
}
