import { type OldSyscallName, type SyscallName, syscallNumber } from "../../lib/plan/seccomp/syscalls.ts";

/** Numbers on x86_64 and on aarch64 of what the filter has no opinion about. */
const NUMBERS = {
  close: [3, 57],
  capget: [125, 90],
  prctl: [157, 167],
  connect: [42, 203],
  bind: [49, 200],
  listen: [50, 201],
  fchmodat: [268, 53],
  fcntl: [72, 25],
  getpid: [39, 172],
  mknodat: [259, 33],
  openat: [257, 56],
  renameat2: [316, 276],
  sendto: [44, 206],
  symlinkat: [266, 36],
} as const;

/** Those that both kinds of machines have. */
type FilteredName = Exclude<SyscallName, OldSyscallName | keyof typeof NUMBERS>;

/** The number of a system call on this machine. */
export function callNumber(name: FilteredName | keyof typeof NUMBERS): number {
  const arch = Deno.build.arch;
  return name in NUMBERS
    ? NUMBERS[name as keyof typeof NUMBERS][arch === "x86_64" ? 0 : 1]
    : syscallNumber(name as FilteredName, arch);
}
