/** Error numbers that stage2 tells apart; the same on x86_64 and aarch64. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  E2BIG: 7,
  ENOEXEC: 8,
  EAGAIN: 11,
  EACCES: 13,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  ENOSPC: 28,
  ENOSYS: 38,
  ELOOP: 40,
  ETIMEDOUT: 110,
  ESTALE: 116,
} as const;
