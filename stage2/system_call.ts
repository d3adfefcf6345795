/** Numbers on x86_64 and on aarch64. */
export const CALL_NUMBERS = {
  access: [269, 48], // faccessat: aarch64 has no access
  capset: [126, 91],
  chdir: [80, 49],
  clone3: [435, 435],
  close: [3, 57],
  close_range: [436, 436],
  connect: [42, 203],
  dup3: [292, 24],
  execve: [59, 221],
  exit_group: [231, 94],
  getpgid: [121, 155],
  getpid: [39, 172],
  getppid: [110, 173],
  kill: [62, 129],
  landlock_add_rule: [445, 445],
  landlock_create_ruleset: [444, 444],
  landlock_restrict_self: [446, 446],
  mkdirat: [258, 34],
  mount_setattr: [442, 442],
  mprotect: [10, 226],
  move_mount: [429, 429],
  open_tree: [428, 428],
  openat: [257, 56],
  openat2: [437, 437],
  pidfd_open: [434, 434],
  pipe2: [293, 59],
  ppoll: [271, 73],
  prctl: [157, 167],
  prlimit: [302, 261],
  read: [0, 63],
  rt_sigaction: [13, 134],
  rt_sigprocmask: [14, 135],
  seccomp: [317, 277],
  setpgid: [109, 154],
  setsid: [112, 157],
  socket: [41, 198],
  statx: [332, 291],
  unlinkat: [263, 35],
  unshare: [272, 97],
  wait4: [61, 260],
  write: [1, 64],
} as const;

/** Relative paths start at the working directory (openat(2)). */
export const AT_FDCWD = -100;

/** Names of the system calls that stage2 makes itself. */
export type CallName = keyof typeof CALL_NUMBERS;

/** The number of a call on this machine. */
export function callNumber(name: CallName): number {
  return CALL_NUMBERS[name][Deno.build.arch === "x86_64" ? 0 : 1];
}

/** Makes a system call by its number; returns its result, or the negative errno, as the kernel does. */
export type NumberedCall = (number: number, ...parameters: readonly (number | bigint)[]) => number;

/** The same by its name. */
export type SystemCall = (name: CallName, ...parameters: readonly (number | bigint)[]) => number;

const WORD = "i64";

/**
 * Opens the system calls that stage2 makes itself.
 *
 * @returns The function that makes them, on the calling thread
 */
export function openSystemCall(): SystemCall {
  const call = openNumberedCall();
  return (name, ...parameters) => call(callNumber(name), ...parameters);
}

/**
 * Opens libc's `syscall`.
 *
 * One function serves for all calls, and it is called through its address: for a symbol that is declared as a
 * function the runtime compiles a trampoline, which costs 0.3 ms each.
 *
 * @returns The function that makes system calls, on the calling thread
 */
export function openNumberedCall(): NumberedCall {
  const { symbols } = Deno.dlopen("libc.so.6", {
    syscall: { type: "pointer" },
    __errno_location: { type: "pointer" },
  });
  const call = new Deno.UnsafeFnPointer(present(symbols.syscall), {
    parameters: [WORD, WORD, WORD, WORD, WORD, WORD],
    result: "i32",
  });
  const locate = new Deno.UnsafeFnPointer(present(symbols.__errno_location), {
    parameters: [],
    result: "pointer",
  });
  // A view over errno itself: reading it makes no call that could change it.
  const errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(present(locate.call()), 4));
  return (number, a = 0, b = 0, c = 0, d = 0, e = 0) => {
    const result = call.call(BigInt(number), BigInt(a), BigInt(b), BigInt(c), BigInt(d), BigInt(e));
    return result < 0 ? -(errno[0] ?? 0) : result;
  };
}

/** Makes a blocking system call on another thread; its result is -1 where it fails. */
export type Waiting = (name: CallName, ...parameters: readonly (number | bigint)[]) => Promise<number>;

/** Opens the system calls that block for long. */
export function openWaiting(): Waiting {
  const { symbols } = Deno.dlopen("libc.so.6", { syscall: { type: "pointer" } });
  const call = new Deno.UnsafeFnPointer(present(symbols.syscall), {
    parameters: [WORD, WORD, WORD, WORD, WORD],
    result: "i32",
    nonblocking: true,
  });
  return (name, a = 0, b = 0, c = 0, d = 0) =>
    call.call(BigInt(callNumber(name)), BigInt(a), BigInt(b), BigInt(c), BigInt(d));
}

function present<T>(pointer: Deno.PointerValue): Deno.PointerObject<T> {
  if (pointer === null) throw new TypeError("Cannot open libc: a symbol has no address");
  return pointer as Deno.PointerObject<T>;
}
