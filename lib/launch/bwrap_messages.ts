/** What bubblewrap 0.8 to 0.11, or what should have started it, says on several kinds of hosts. */
export interface BwrapMessage {
  /** As it is really said. */
  readonly said: readonly string[];
  readonly pattern: RegExp;
}

/** No namespace at all: EPERM. */
export const NO_PERMISSION: BwrapMessage = {
  said: [
    "bwrap: No permissions to create new namespace, likely because the kernel does not allow non-privileged user namespaces. See <https://deb.li/bubblewrap> or <file:///usr/share/doc/bubblewrap/README.Debian.gz>.",
    "bwrap: No permissions to creating new namespace, likely because the kernel does not allow non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl kernel.unprivileged_userns_clone=1'.",
    "bwrap: No permissions to create a new namespace, likely because the kernel does not allow non-privileged user namespaces. On e.g. debian this can be enabled with 'sysctl kernel.unprivileged_userns_clone=1'.",
    "bwrap: Creating new namespace failed: Operation not permitted",
  ],
  pattern:
    /No permissions to creat(?:e|ing)(?: a)? new namespace|Creating new namespace failed: Operation not permitted/,
};

/** A limit of namespaces is reached: ENOSPC, EUSERS before Linux 4.9. */
export const NO_SPACE: BwrapMessage = {
  said: [
    "bwrap: Creating new namespace failed: nesting depth or /proc/sys/user/max_*_namespaces exceeded (ENOSPC)",
    "bwrap: Creating new namespace failed: No space left on device",
    "bwrap: Creating new namespace failed: Too many users",
  ],
  pattern: /Creating new namespace failed: (?:nesting depth|No space left on device|Too many users)/,
};

/** No namespace at all: EACCES, which only security modules say. */
export const DENIED: BwrapMessage = {
  said: ["bwrap: Creating new namespace failed: Permission denied"],
  pattern: /Creating new namespace failed: Permission denied/,
};

/** A namespace without rights in it. */
export const APPARMOR: BwrapMessage = {
  said: [
    "bwrap: setting up uid map: Permission denied",
    "bwrap: loopback: Failed RTM_NEWADDR: Operation not permitted",
    "bwrap: loopback: Failed RTM_NEWLINK: Operation not permitted",
  ],
  pattern:
    /setting up [ug]id map: Permission denied|loopback: Failed RTM_NEW\w+: (?:Operation not permitted|Permission denied)/,
};

/** The loopback interface of the new network cannot be started. */
export const LOOPBACK: BwrapMessage = {
  said: [
    "bwrap: loopback: Failed to look up lo: No such file or directory",
    "bwrap: loopback: Failed to create NETLINK_ROUTE socket: Operation not permitted",
  ],
  pattern: /loopback: /,
};

const MOUNTING =
  "(?:Failed to make / slave|Failed to mount|(?:setting up )?newroot bind|pivot_root|u?n?mount old root|Can't (?:bind )?mount|Can't remount readonly|Can't make symlink)[^\n]*";

/** A namespace in which nothing can be mounted: EPERM. */
export const MOUNT_REFUSED: BwrapMessage = {
  said: [
    "bwrap: Failed to make / slave: Operation not permitted",
    "bwrap: pivot_root: Operation not permitted",
    "bwrap: unmount old root: Operation not permitted",
    "bwrap: Failed to mount tmpfs: Operation not permitted",
  ],
  pattern: new RegExp(`${MOUNTING}: Operation not permitted`),
};

/** The same, EACCES. */
export const MOUNT_DENIED: BwrapMessage = {
  said: [
    "bwrap: Failed to make / slave: Permission denied",
    "bwrap: Failed to mount tmpfs: Permission denied",
    "bwrap: pivot_root: Permission denied",
    "bwrap: Can't mount devpts on /newroot/dev/pts: Permission denied",
  ],
  pattern: new RegExp(`${MOUNTING}: Permission denied`),
};

/** bubblewrap is to have either all capabilities or none. */
export const CAPABILITIES: BwrapMessage = {
  said: ["bwrap: Unexpected capabilities but not setuid, old file caps config?"],
  pattern: /Unexpected capabilities but not setuid/,
};
