import { assemble, type Statement } from "./assemble.ts";
import { DATA, jumpIfAnyBit, jumpIfAtLeast, jumpIfEqual, load, mark, verdict } from "./statements.ts";
import {
  AUDIT_ARCH,
  NEWEST_SYSCALL,
  type OldSyscallName,
  type SeccompArch,
  type SyscallName,
  syscallNumber,
} from "./syscalls.ts";
import type { ExtraRules, WithoutNamespaces } from "./without_namespaces.ts";

/** What the filter is made for. */
export interface SeccompOptions {
  readonly arch: SeccompArch;
  /** Whether AF_UNIX sockets may be made. Connected pairs (stream, seqpacket) are allowed either way. */
  readonly allowUnix: boolean;
  /**
   * Whether signals to "my process group" fail with EPERM; false unless given. A process namespace does not stop them:
   * kill(0, ...) reaches every member of the group that the command was started in, on the host too. Needed where the
   * command shares its caller's session (bwrap without --new-session).
   */
  readonly refuseGroupSignals?: boolean;
  /**
   * Whether files of memory that can be executed are refused; false unless given. Landlock does not see them: they lie
   * in no directory. ENOSYS, because programs know what to do without memfd_create; who asks for a file that cannot be
   * executed (MFD_NOEXEC_SEAL, Linux 6.3) gets it.
   */
  readonly refuseExecutableMemory?: boolean;
  /** What has to be refused where no namespace keeps the command apart from the host (Landlock); absent in one. */
  readonly withoutNamespaces?: WithoutNamespaces;
}

/** Those that every architecture has. */
type NewSyscallName = Exclude<SyscallName, OldSyscallName>;

/** System calls that fail with EPERM whatever their arguments are. */
const REFUSED: readonly NewSyscallName[] = [
  // Other processes' memory and descriptors.
  "ptrace",
  "process_vm_readv",
  "process_vm_writev",
  "kcmp",
  "pidfd_getfd",
  // Ways past this very filter, and kernel surface that no build or test needs.
  "io_uring_setup",
  "io_uring_enter",
  "io_uring_register",
  "bpf",
  "perf_event_open",
  "userfaultfd",
  // The host's keyrings are not namespaced.
  "keyctl",
  "add_key",
  "request_key",
  // Mounts and roots: a mask is a mount.
  "mount",
  "umount2",
  "open_tree",
  "open_tree_attr",
  "move_mount",
  "fsopen",
  "fsconfig",
  "fsmount",
  "fspick",
  "mount_setattr",
  "pivot_root",
  "chroot",
  "open_by_handle_at",
  // Namespaces; clone is judged by its flags.
  "unshare",
  "setns",
  // The machine itself.
  "kexec_load",
  "kexec_file_load",
  "init_module",
  "finit_module",
  "delete_module",
  "swapon",
  "swapoff",
  "reboot",
  "quotactl",
  "quotactl_fd",
  "acct",
];

const RETURN_ALLOW = 0x7fff0000;
const RETURN_KILL_PROCESS = 0x80000000;
const RETURN_EPERM = 0x00050001;
const RETURN_ENOSYS = 0x00050026;

/** x32 calls carry this bit; numbers from 2^31 on are negative, belong to no table, and are only unknown. */
const X32_FIRST = 0x40000000;
const X32_END = 0x80000000;

/** NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. NEWTIME lies in clone's exit signal byte. */
const CLONE_NEW_NAMESPACE = 0x7e020000;

/** Both put characters into a terminal's input queue, or run its selection: the shell outside would read them. */
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;

/** In SOCK_DGRAM (2) and SOCK_RAW (3, which AF_UNIX takes for datagram), not in SOCK_STREAM (1) and SOCK_SEQPACKET (5). */
const DATAGRAM_BIT = 2;

/** Flag of pidfd_send_signal that means the whole process group of the target. */
const PIDFD_SIGNAL_PROCESS_GROUP = 4;
const PRIO_PGRP = 1;
const IOPRIO_WHO_PGRP = 2;

/** Flag of memfd_create: the file can never be executed. */
const MFD_NOEXEC_SEAL = 8;

/** Calls that act on the caller's process group without naming it. */
const GROUP_CALLS: readonly NewSyscallName[] = ["kill", "pidfd_send_signal", "setpriority", "ioprio_set"];

/** Judges them; a group that is named by number is one of the sandbox's own. */
function groupRules(): Statement[] {
  return [
    mark("kill"),
    load(DATA.argument(0)),
    jumpIfEqual(0, "eperm", "allow"),
    mark("pidfd_send_signal"),
    load(DATA.argument(3)),
    jumpIfAnyBit(PIDFD_SIGNAL_PROCESS_GROUP, "eperm", "allow"),
  ];
}

function groupPriorityRules(): Statement[] {
  return [
    mark("setpriority"),
    load(DATA.argument(0)),
    jumpIfEqual(PRIO_PGRP, "group", "allow"),
    mark("ioprio_set"),
    load(DATA.argument(0)),
    jumpIfEqual(IOPRIO_WHO_PGRP, "group", "allow"),
    mark("group"),
    load(DATA.argument(1)),
    jumpIfEqual(0, "eperm", "allow"),
  ];
}

// Once the family is loaded.
function socketRules(allowUnix: boolean): Statement[] {
  return [
    jumpIfEqual(AF_INET, "allow"),
    jumpIfEqual(AF_INET6, "allow"),
    ...(allowUnix ? [jumpIfEqual(AF_UNIX, "allow")] : []),
    jumpIfEqual(AF_NETLINK, "netlink", "eperm"),
    mark("netlink"),
    load(DATA.argument(2)),
    jumpIfEqual(NETLINK_ROUTE, "allow", "eperm"),
  ];
}

/**
 * Builds the seccomp filter of a sandboxed command, as an array of `struct sock_filter`.
 *
 * @param options Architecture, and what else depends on the policy
 * @param extra The statements for `options.withoutNamespaces` (withoutNamespacesRules), where that is given
 * @returns The program's bytes, little endian
 *
 * @example
 * ```ts
 * const filter = seccompProgram({ arch: "x86_64", allowUnix: false });
 * ```
 */
export function seccompProgram(options: SeccompOptions, extra?: ExtraRules): Uint8Array<ArrayBuffer> {
  if ((options.withoutNamespaces === undefined) !== (extra === undefined)) {
    throw new TypeError("Cannot build a filter: what is to stand in for namespaces is not given");
  }
  const { arch, allowUnix, refuseGroupSignals = false, refuseExecutableMemory = false } = options;
  return assemble([
    load(DATA.arch),
    jumpIfEqual(AUDIT_ARCH[arch], "native", "end the process"),
    mark("native"),
    load(DATA.number),
    jumpIfAtLeast(NEWEST_SYSCALL + 1, "unknown"),
    // A plain chain: the kernel runs it once for each number when the filter is loaded, and remembers what is
    // allowed whatever the arguments.
    ...REFUSED.map((name) => jumpIfEqual(syscallNumber(name, arch), "eperm")),
    ...(refuseGroupSignals ? GROUP_CALLS.map((name) => jumpIfEqual(syscallNumber(name, arch), name)) : []),
    ...(refuseExecutableMemory ? [jumpIfEqual(syscallNumber("memfd_create", arch), "memfd_create")] : []),
    ...(extra?.dispatch ?? []),
    jumpIfEqual(syscallNumber("ioctl", arch), "ioctl"),
    jumpIfEqual(syscallNumber("socket", arch), "socket"),
    ...(allowUnix ? [] : [jumpIfEqual(syscallNumber("socketpair", arch), "socketpair")]),
    jumpIfEqual(syscallNumber("clone", arch), "clone"),
    jumpIfEqual(syscallNumber("clone3", arch), "enosys", "allow"),

    ...(refuseExecutableMemory
      ? [mark("memfd_create"), load(DATA.argument(1)), jumpIfAnyBit(MFD_NOEXEC_SEAL, "allow", "enosys")]
      : []),

    mark("unknown"),
    ...(arch === "x86_64"
      ? [jumpIfAtLeast(X32_END, "enosys"), jumpIfAtLeast(X32_FIRST, "end the process", "enosys")]
      : []),
    mark("enosys"),
    verdict(RETURN_ENOSYS),

    mark("clone"),
    load(DATA.argument(0)),
    jumpIfAnyBit(CLONE_NEW_NAMESPACE, "eperm", "allow"),

    // The kernel reads requests, families and protocols as 32-bit values: high bits must not hide them.
    mark("ioctl"),
    load(DATA.argument(1)),
    ...(extra?.ioctl ?? []),
    jumpIfEqual(TIOCSTI, "eperm"),
    jumpIfEqual(TIOCLINUX, "eperm", "allow"),

    mark("socket"),
    load(DATA.argument(0)),
    ...(extra?.socket ?? socketRules(allowUnix)),

    // One end of a datagram pair still sends to any path (unix(7)); a stream or seqpacket pair stays connected.
    ...(allowUnix
      ? []
      : [mark("socketpair"), load(DATA.argument(1)), jumpIfAnyBit(DATAGRAM_BIT, "eperm", "allow")]),

    ...(refuseGroupSignals ? [...groupRules(), ...(extra?.priority ?? groupPriorityRules())] : []),
    ...(extra?.sections ?? []),

    mark("allow"),
    verdict(RETURN_ALLOW),
    mark("eperm"),
    verdict(RETURN_EPERM),
    mark("end the process"),
    verdict(RETURN_KILL_PROCESS),
  ]);
}
