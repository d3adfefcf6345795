const NAMES: Readonly<Record<number, string>> = {
  1: "EPERM",
  2: "ENOENT",
  3: "ESRCH",
  7: "E2BIG",
  9: "EBADF",
  13: "EACCES",
  14: "EFAULT",
  16: "EBUSY",
  17: "EEXIST",
  18: "EXDEV",
  20: "ENOTDIR",
  22: "EINVAL",
  25: "ENOTTY",
  30: "EROFS",
  38: "ENOSYS",
  40: "ELOOP",
  95: "EOPNOTSUPP",
  97: "EAFNOSUPPORT",
  101: "ENETUNREACH",
  111: "ECONNREFUSED",
};

/** The name of an errno, the same on x86_64 and aarch64. */
export function errnoName(errno: number): string {
  return NAMES[errno] ?? `errno ${errno}`;
}
