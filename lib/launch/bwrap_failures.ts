import {
  APPARMOR,
  type BwrapMessage,
  CAPABILITIES,
  DENIED,
  LOOPBACK,
  MOUNT_DENIED,
  MOUNT_REFUSED,
  NO_PERMISSION,
  NO_SPACE,
} from "./bwrap_messages.ts";
import type { Place } from "./host_evidence.ts";
import { CAPABLE, CLONE, ENFORCING, FILTERED, LIMIT, RESTRICTED, type Setting } from "./host_setting.ts";

/** One way in which bubblewrap fails, and what the user can do about it. */
export interface BwrapFailure extends BwrapMessage {
  /** Only in this kind of place. */
  readonly place?: Place;
  /** Only where a setting of this name has such a value. */
  readonly setting?: Setting;
  /** What is wrong; `{setting}` is the name of the setting that was found. */
  readonly wrong: string;
  /** What to do; `{setting}` as above, `{bwrap}` is bubblewrap's path. */
  readonly remedy: string;
}

const APPARMOR_OFF = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
const APPARMOR_PROFILE =
  "apt install apparmor-profiles && install -m 0644 /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/ && apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict";
const UNCONFINED_SECCOMP =
  "start it with --security-opt seccomp=unconfined (Kubernetes: securityContext.seccompProfile.type: Unconfined)";

/** Every known way; the first that matches is the one. */
export const BWRAP_FAILURES: readonly BwrapFailure[] = [
  {
    said: ["bwrap: Unknown option --perms", "bwrap: Unknown option --json-status-fd"],
    pattern: /Unknown option/,
    wrong: "this bubblewrap is too old",
    remedy: "install bubblewrap 0.5 or newer; {bwrap} --version says which one it is",
  },
  {
    said: [
      "sh: 1: exec: {bwrap}: Exec format error",
      "{bwrap}: error while loading shared libraries: libcap.so.2: cannot open shared object file: No such file or directory",
    ],
    pattern: /Exec format error|error while loading shared libraries|Error loading shared library/,
    wrong: "this bubblewrap does not run on this system",
    remedy: "install the bubblewrap package of this distribution again",
  },
  {
    said: ["bwrap: Creating new namespace failed: Invalid argument"],
    pattern: /^/,
    place: "wsl1",
    wrong: "WSL 1 has no namespaces",
    remedy: "move the distribution to WSL 2, in Windows: wsl --set-version DISTRIBUTION 2",
  },
  {
    said: [...NO_PERMISSION.said, ...NO_SPACE.said],
    pattern: /^/,
    place: "sandbox",
    wrong: "this already is a sandbox made by bubblewrap, and it allows none inside",
    remedy: "start tombolo outside of it",
  },
  {
    ...CAPABILITIES,
    setting: CAPABLE,
    wrong: "tombolo was started by an ordinary user with capabilities",
    remedy:
      "start it without: setpriv --inh-caps=-all --ambient-caps=-all, and a container of an ordinary user without --cap-add",
  },
  {
    ...CAPABILITIES,
    wrong: "bubblewrap has file capabilities",
    remedy: "take them away: setcap -r {bwrap}, as root",
  },
  {
    ...NO_SPACE,
    setting: LIMIT,
    wrong: "namespaces are switched off ({setting} is 0)",
    remedy: "allow them, as root of the machine itself: sysctl -w {setting}=15000",
  },
  {
    ...NO_SPACE,
    wrong: "no more namespaces can be made: a limit user.max_*_namespaces is reached, or they are 32 deep",
    remedy: "end what holds them (lsns), or raise the limits, as root of the machine itself: sysctl user",
  },
  {
    said: ["bwrap: Creating new namespace failed: Resource temporarily unavailable"],
    pattern: /Creating new namespace failed: Resource temporarily unavailable/,
    wrong: "this user, or this control group, may start no more processes",
    remedy: "end some, or raise ulimit -u and the pids limit of the container (--pids-limit)",
  },
  {
    ...NO_PERMISSION,
    setting: CLONE,
    wrong: "user namespaces are switched off ({setting} is 0)",
    remedy: "allow them, as root of the machine itself: sysctl -w {setting}=1",
  },
  {
    ...NO_PERMISSION,
    place: "container",
    wrong: "this container may make no user namespaces",
    remedy: UNCONFINED_SECCOMP,
  },
  {
    ...NO_PERMISSION,
    setting: FILTERED,
    wrong: "a filter of system calls that tombolo was started under refuses user namespaces",
    remedy:
      "start tombolo outside of that service, snap or other sandbox (systemd: RestrictNamespaces=no, SystemCallFilter=)",
  },
  {
    ...NO_PERMISSION,
    wrong: "user namespaces are refused: by a chroot around this process, or by a security module",
    remedy: "start tombolo outside of the chroot, and look at what dmesg says of the refusal",
  },
  {
    said: [
      "bwrap: Creating new namespace failed, likely because the kernel does not support user namespaces.  bwrap must be installed setuid on such systems.",
      "bwrap: Creating new namespace failed, likely because the kernel does not support user namespaces. bwrap must be installed setuid on such systems.",
      "bwrap: Creating new namespace failed: Invalid argument",
      "bwrap: Creating new namespace failed: Function not implemented",
    ],
    pattern:
      /kernel does not support user namespaces|Creating new namespace failed: (?:Invalid argument|Function not implemented)/,
    wrong: "this kernel lacks namespaces",
    remedy:
      "boot one with CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS (emulators such as qemu-user have none); no setuid bwrap",
  },
  {
    said: ["bwrap: Cannot create new cgroup namespace because the kernel does not support it"],
    pattern: /Cannot create new cgroup namespace/,
    wrong: "this kernel lacks control groups",
    remedy: "boot one with CONFIG_CGROUPS",
  },
  {
    ...DENIED,
    setting: RESTRICTED,
    wrong: "AppArmor refuses user namespaces ({setting} is on)",
    remedy: `let bwrap make them, as root of the machine itself: ${APPARMOR_PROFILE}; or: ${APPARMOR_OFF}`,
  },
  {
    ...DENIED,
    setting: ENFORCING,
    wrong: "SELinux refuses user namespaces",
    remedy: "look at what it denies, as root: ausearch -m avc -c bwrap; and allow it: audit2allow -M bwrap",
  },
  {
    ...DENIED,
    wrong: "a security module refuses user namespaces",
    remedy: "look at what dmesg says of it, and let {bwrap} make them",
  },
  {
    ...APPARMOR,
    place: "container",
    wrong: "AppArmor of the machine around this container makes user namespaces useless",
    remedy: `as root of the machine itself: ${APPARMOR_PROFILE}; or: ${APPARMOR_OFF}`,
  },
  {
    ...APPARMOR,
    wrong: "AppArmor makes user namespaces useless to bwrap, as on Ubuntu 23.10 and later",
    remedy: `let bwrap use them, as root: ${APPARMOR_PROFILE}; or: ${APPARMOR_OFF}`,
  },
  {
    said: [
      "bwrap: setting up uid map: Operation not permitted",
      "bwrap: setting up gid map: Operation not permitted",
    ],
    pattern: /setting up [ug]id map: Operation not permitted/,
    wrong: "root without CAP_SETFCAP maps no user",
    remedy: "run tombolo as an ordinary user, or start the container with --cap-add=SETFCAP",
  },
  {
    ...LOOPBACK,
    place: "container",
    wrong: "this container refuses the sockets that start a network interface",
    remedy: UNCONFINED_SECCOMP,
  },
  {
    ...LOOPBACK,
    wrong: "the sockets that start a network interface are refused",
    remedy:
      "start tombolo where AF_INET, AF_UNIX and AF_NETLINK are allowed (systemd: RestrictAddressFamilies=)",
  },
  {
    said: ["bwrap: pivot_root: Invalid argument"],
    pattern: /pivot_root: Invalid argument/,
    wrong: "the root directory is an initramfs, which cannot be left",
    remedy: "start tombolo from a root file system of its own (switch_root), not from the initramfs",
  },
  {
    ...MOUNT_REFUSED,
    place: "container",
    wrong: "this container may not mount",
    remedy: UNCONFINED_SECCOMP,
  },
  {
    ...MOUNT_REFUSED,
    wrong: "a filter of system calls or a Landlock domain that tombolo was started under refuses to mount",
    remedy: "start tombolo outside of that service, snap or other sandbox (systemd: SystemCallFilter=@mount)",
  },
  {
    ...MOUNT_DENIED,
    place: "container",
    setting: ENFORCING,
    wrong: "SELinux does not let this container mount",
    remedy: "start it with --security-opt label=disable",
  },
  {
    ...MOUNT_DENIED,
    place: "container",
    wrong: "AppArmor or SELinux does not let this container mount",
    remedy:
      "start it with --security-opt apparmor=unconfined, under SELinux label=disable (Kubernetes: securityContext.appArmorProfile.type: Unconfined)",
  },
  {
    ...MOUNT_DENIED,
    wrong: "a security module (AppArmor, SELinux) refuses to mount",
    remedy: "start tombolo outside of the confined program, and look at what dmesg says of the refusal",
  },
  {
    said: [
      "bwrap: Can't read /proc/sys/kernel/overflowuid: No such file or directory",
      "bwrap: Can't open /proc: No such file or directory",
    ],
    pattern: /Can't (?:read|open) \/proc|open \/proc\/\S+ failed/,
    wrong: "there is no /proc here",
    remedy: "mount it, as root: mount -t proc proc /proc",
  },
  {
    said: ["bwrap: Can't mount proc on /newroot/proc: No such device"],
    pattern: /Can't mount proc/,
    wrong: "this kernel lacks /proc",
    remedy: "boot one with CONFIG_PROC_FS",
  },
  {
    said: [
      "bwrap: Unable to set up system call filtering as requested: prctl(PR_SET_SECCOMP) reported EINVAL. (Hint: this requires a kernel configured with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER.)",
      "bwrap: prctl(PR_SET_SECCOMP): Invalid argument",
    ],
    pattern: /PR_SET_SECCOMP/,
    wrong: "this kernel filters no system calls",
    remedy: "boot one with CONFIG_SECCOMP and CONFIG_SECCOMP_FILTER",
  },
  {
    said: ["Bad system call"],
    pattern: /Bad system call/,
    wrong: "a filter of system calls that tombolo was started under kills bubblewrap",
    remedy: "start tombolo outside of that service, snap, container or other sandbox",
  },
];
