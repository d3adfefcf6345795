import type { Statement } from "./assemble.ts";
import { DATA, jumpIfAnyBit, jumpIfEqual, load, mark } from "./statements.ts";
import { type SeccompArch, type SyscallName, syscallNumber } from "./syscalls.ts";

/** What a filter holds in place of namespaces. */
export interface WithoutNamespaces {
  /**
   * `none`: no socket but connected pairs. `tcp`: streams of TCP, which Landlock confines to a port; it knows neither
   * datagrams nor MPTCP, nor that a first message can connect (MSG_FASTOPEN), nor that listening can bind.
   */
  readonly inet: "none" | "tcp";
  /**
   * Whether owners, modes, times and attributes of files may be changed. No Landlock rule holds these: allowed, they can
   * be changed of every file that the user owns, also where nothing may be written.
   */
  readonly attributes: boolean;
}

/** Shared memory, queues and semaphores are the host's own: no namespace, and no Landlock rule, holds these. */
const IPC: readonly SyscallName[] = [
  "shmget",
  "shmat",
  "shmctl",
  "semget",
  "semop",
  "semtimedop",
  "semctl",
  "msgget",
  "msgsnd",
  "msgrcv",
  "msgctl",
  "mq_open",
  "mq_unlink",
];

const ATTRIBUTES: readonly SyscallName[] = [
  "chmod",
  "fchmod",
  "fchmodat",
  "fchmodat2",
  "chown",
  "fchown",
  "lchown",
  "fchownat",
  "setxattr",
  "lsetxattr",
  "fsetxattr",
  "setxattrat",
  "removexattr",
  "lremovexattr",
  "fremovexattr",
  "removexattrat",
  "file_setattr",
];

/** Each with the argument that points to the times; NULL is now, which `touch` and every build ask for. */
const TIMES: readonly (readonly [SyscallName, number])[] = [
  ["utime", 1],
  ["utimes", 1],
  ["futimesat", 2],
  ["utimensat", 2],
];

/** Each names a process or thread of the same user in its first argument, or with 0 the caller. */
const OF_A_PROCESS: readonly SyscallName[] = [
  "prlimit64",
  "sched_setaffinity",
  "sched_setattr",
  "sched_setparam",
  "sched_setscheduler",
];

/** Each with the argument that holds its flags. */
const SENDING: readonly (readonly [SyscallName, number])[] = [["sendto", 3], ["sendmsg", 2], ["sendmmsg", 3]];

const MSG_FASTOPEN = 0x20000000;
const PRIO_PROCESS = 0;
const IOPRIO_WHO_PROCESS = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
/** SOCK_NONBLOCK and SOCK_CLOEXEC stand beside the type. */
const OTHER_TYPES = 0xe;
const IPPROTO_TCP = 6;

/** ioctl requests that change attributes through a descriptor that may only be read. */
const ATTRIBUTE_REQUESTS: readonly number[] = [
  0x40086602, // FS_IOC_SETFLAGS
  0x40046602, // FS_IOC32_SETFLAGS
  0x40087602, // FS_IOC_SETVERSION
  0x401c5820, // FS_IOC_FSSETXATTR
  0x40806685, // FS_IOC_ENABLE_VERITY
  0x800c6613, // FS_IOC_SET_ENCRYPTION_POLICY
  0x40047211, // FAT_IOCTL_SET_ATTRIBUTES
];

const OWN_PRIORITY: readonly Statement[] = [
  mark("setpriority"),
  load(DATA.argument(0)),
  jumpIfEqual(PRIO_PROCESS, "whose", "eperm"),
  mark("ioprio_set"),
  load(DATA.argument(0)),
  jumpIfEqual(IOPRIO_WHO_PROCESS, "whose", "eperm"),
  mark("whose"),
  load(DATA.argument(1)),
  jumpIfEqual(0, "allow", "eperm"),
];

/** Statements for the places of a filter that they belong to. */
export interface ExtraRules {
  /** Which calls are refused or looked at. */
  readonly dispatch: readonly Statement[];
  /** Requests of ioctl that are refused. */
  readonly ioctl: readonly Statement[];
  /** Judges sockets, once the family is loaded; in place of the usual rules. */
  readonly socket: readonly Statement[];
  /** Judges priorities: of the caller alone, as other processes of the user are the host's. */
  readonly priority: readonly Statement[];
  /** Judges what is looked at. */
  readonly sections: readonly Statement[];
}

/**
 * The statements that a filter needs beside its usual ones, where there are no namespaces. They jump to the labels `allow`
 * and `eperm`.
 */
export function withoutNamespacesRules(
  { inet, attributes }: WithoutNamespaces,
  arch: SeccompArch,
): ExtraRules {
  const on = (name: SyscallName, label: string): Statement[] => {
    const number = syscallNumber(name, arch);
    return number === undefined ? [] : [jumpIfEqual(number, label)];
  };
  const times = attributes ? [] : TIMES.filter(([name]) => syscallNumber(name, arch) !== undefined);
  const sending = inet === "tcp" ? SENDING : [];
  const refused = [...IPC, ...(attributes ? [] : ATTRIBUTES), ...(inet === "tcp" ? ["listen" as const] : [])];
  return {
    dispatch: [
      ...refused.flatMap((name) => on(name, "eperm")),
      ...OF_A_PROCESS.flatMap((name) => on(name, "of a process")),
      ...[...times, ...sending].flatMap(([name]) => on(name, name)),
    ],
    ioctl: attributes ? [] : ATTRIBUTE_REQUESTS.map((request) => jumpIfEqual(request, "eperm")),
    socket: inet === "none" ? [jumpIfEqual(AF_INET, "eperm", "eperm")] : [
      jumpIfEqual(AF_INET, "stream"),
      jumpIfEqual(AF_INET6, "stream", "eperm"),
      mark("stream"),
      load(DATA.argument(1)),
      jumpIfAnyBit(OTHER_TYPES, "eperm"),
      jumpIfAnyBit(SOCK_STREAM, "protocol", "eperm"),
      mark("protocol"),
      load(DATA.argument(2)),
      jumpIfEqual(0, "allow"),
      jumpIfEqual(IPPROTO_TCP, "allow", "eperm"),
    ],
    priority: OWN_PRIORITY,
    sections: [
      mark("of a process"),
      load(DATA.argument(0)),
      jumpIfEqual(0, "allow", "eperm"),
      ...times.flatMap(([name, index]) => [
        mark(name),
        load(DATA.argument(index)),
        jumpIfEqual(0, `${name}, upper half`, "eperm"),
        mark(`${name}, upper half`),
        load(DATA.upperHalf(index)),
        jumpIfEqual(0, "allow", "eperm"),
      ]),
      ...sending.flatMap(([name, index]) => [
        mark(name),
        load(DATA.argument(index)),
        jumpIfAnyBit(MSG_FASTOPEN, "eperm", "allow"),
      ]),
    ],
  };
}
