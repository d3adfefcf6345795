/** Machine types that a filter can be made for, by their `uname -m` name. */
export type SeccompArch = "x86_64" | "aarch64";

/** AUDIT_ARCH_* of linux/audit.h: the ELF machine, 64 bit, little endian. */
export const AUDIT_ARCH: Readonly<Record<SeccompArch, number>> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };

/**
 * The newest number that this filter knows: file_setattr of Linux 6.17; 6.18 adds none above it.
 * From 424 on every architecture has the same numbers.
 */
export const NEWEST_SYSCALL = 469;

/**
 * Numbers on x86_64 and on aarch64, from arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl
 * of Linux 6.18; aarch64 has none of the old calls that take a path without a directory.
 */
export const SYSCALL_NUMBERS = {
  acct: [163, 89],
  add_key: [248, 217],
  bpf: [321, 280],
  chmod: [90, undefined],
  chown: [92, undefined],
  chroot: [161, 51],
  clone: [56, 220],
  clone3: [435, 435],
  delete_module: [176, 106],
  fchmod: [91, 52],
  fchmodat: [268, 53],
  fchmodat2: [452, 452],
  fchown: [93, 55],
  fchownat: [260, 54],
  file_setattr: [469, 469],
  finit_module: [313, 273],
  fremovexattr: [199, 16],
  fsconfig: [431, 431],
  fsetxattr: [190, 7],
  fsmount: [432, 432],
  fsopen: [430, 430],
  fspick: [433, 433],
  futimesat: [261, undefined],
  init_module: [175, 105],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  io_uring_setup: [425, 425],
  ioctl: [16, 29],
  ioprio_set: [251, 30],
  kcmp: [312, 272],
  kexec_file_load: [320, 294],
  kexec_load: [246, 104],
  keyctl: [250, 219],
  kill: [62, 129],
  lchown: [94, undefined],
  listen: [50, 201],
  lremovexattr: [198, 15],
  lsetxattr: [189, 6],
  memfd_create: [319, 279],
  mount: [165, 40],
  mount_setattr: [442, 442],
  move_mount: [429, 429],
  mq_open: [240, 180],
  mq_unlink: [241, 181],
  msgctl: [71, 187],
  msgget: [68, 186],
  msgrcv: [70, 188],
  msgsnd: [69, 189],
  open_by_handle_at: [304, 265],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  perf_event_open: [298, 241],
  pidfd_getfd: [438, 438],
  pidfd_send_signal: [424, 424],
  pivot_root: [155, 41],
  prlimit64: [302, 261],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  ptrace: [101, 117],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  reboot: [169, 142],
  removexattr: [197, 14],
  removexattrat: [466, 466],
  request_key: [249, 218],
  sched_setaffinity: [203, 122],
  sched_setattr: [314, 274],
  sched_setparam: [142, 118],
  sched_setscheduler: [144, 119],
  semctl: [66, 191],
  semget: [64, 190],
  semop: [65, 193],
  semtimedop: [220, 192],
  sendmmsg: [307, 269],
  sendmsg: [46, 211],
  sendto: [44, 206],
  setns: [308, 268],
  setpriority: [141, 140],
  setxattr: [188, 5],
  setxattrat: [463, 463],
  shmat: [30, 196],
  shmctl: [31, 195],
  shmget: [29, 194],
  socket: [41, 198],
  socketpair: [53, 199],
  swapoff: [168, 225],
  swapon: [167, 224],
  umount2: [166, 39],
  unshare: [272, 97],
  userfaultfd: [323, 282],
  utime: [132, undefined],
  utimensat: [280, 88],
  utimes: [235, undefined],
} as const;

/** Names of the system calls that the filter treats in any other way than allowing them. */
export type SyscallName = keyof typeof SYSCALL_NUMBERS;

/** Names of those that only x86_64 has. */
export type OldSyscallName = {
  [N in SyscallName]: (typeof SYSCALL_NUMBERS)[N][1] extends number ? never : N;
}[SyscallName];

/** Returns the number of a system call on one architecture; `undefined` where it has no such call. */
export function syscallNumber(name: Exclude<SyscallName, OldSyscallName>, arch: SeccompArch): number;
export function syscallNumber(name: SyscallName, arch: SeccompArch): number | undefined;
export function syscallNumber(name: SyscallName, arch: SeccompArch): number | undefined {
  return SYSCALL_NUMBERS[name][arch === "x86_64" ? 0 : 1];
}
