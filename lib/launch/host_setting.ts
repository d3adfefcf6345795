/** A setting of the host that tells one cause from another. */
export interface Setting {
  readonly name: RegExp;
  readonly value: RegExp;
  /** As docs/troubleshooting.md calls it. */
  readonly shown: string;
}

/** A kind of namespaces is switched off. */
export const LIMIT: Setting = {
  name: /^user\.max_\w+_namespaces$/,
  value: /^0$/,
  shown: "user.max_X_namespaces is 0",
};

/** Debian's switch for user namespaces. */
export const CLONE: Setting = {
  name: /^kernel\.unprivileged_userns_clone$/,
  value: /^0$/,
  shown: "kernel.unprivileged_userns_clone is 0",
};

/** Ubuntu's. */
export const RESTRICTED: Setting = {
  name: /^kernel\.apparmor_restrict_unprivileged_userns$/,
  value: /^[1-9]/,
  shown: "kernel.apparmor_restrict_unprivileged_userns is not 0",
};

/** This process is under a filter of system calls. */
export const FILTERED: Setting = { name: /^Seccomp$/, value: /^2$/, shown: "under a seccomp filter" };

/** This process has capabilities. */
export const CAPABLE: Setting = { name: /^CapPrm$/, value: /[1-9a-f]/, shown: "started with capabilities" };

/** SELinux denies, and does not only log. */
export const ENFORCING: Setting = { name: /^selinux$/, value: /^1$/, shown: "SELinux enforces" };
