/** Files that tell which security modules are active, by a name for each. */
export const SECURITY_MODULE_FILES: Readonly<Record<string, string>> = {
  list: "/sys/kernel/security/lsm",
  apparmor: "/sys/module/apparmor/parameters/enabled",
  profile: "/proc/self/attr/current",
  selinux: "/sys/fs/selinux/enforce",
  yama: "/proc/sys/kernel/yama/ptrace_scope",
  loadpin: "/proc/sys/kernel/loadpin/enforce",
  smack: "/sys/fs/smackfs/version",
  tomoyo: "/sys/kernel/security/tomoyo/version",
  lockdown: "/sys/kernel/security/lockdown",
};

/**
 * The active security modules: as the kernel lists them, or, where a container hides the list, those that have left
 * something that can be seen.
 *
 * @param lines First lines of the files, by name
 * @param landlock Whether the kernel answers for Landlock
 */
export function securityModules(
  lines: ReadonlyMap<string, string>,
  landlock: boolean,
): { readonly names: readonly string[]; readonly listed: boolean } {
  const list = lines.get("list");
  if (list !== undefined) return { names: list.split(",").filter((name) => name !== ""), listed: true };
  const seen: readonly (readonly [string, boolean])[] = [
    ["landlock", landlock],
    ["lockdown", lines.has("lockdown")],
    ["yama", lines.has("yama")],
    ["loadpin", lines.has("loadpin")],
    ["apparmor", lines.get("apparmor") === "Y"],
    ["selinux", lines.has("selinux")],
    ["smack", lines.has("smack")],
    ["tomoyo", lines.has("tomoyo")],
  ];
  return { names: seen.filter(([, is]) => is).map(([name]) => name), listed: false };
}
