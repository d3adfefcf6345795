/**
 * What starts tombolo as engines start containers: something is mounted over a part of /proc, and the kernel lets nobody
 * mount a fresh one then.
 */
export const MASKED_PROC: readonly string[] = [
  ...["unshare", "-Urmpf", "--mount-proc", "sh", "-c"],
  ...['mount -t tmpfs none /proc/sys/fs && exec "$@"', "sh"],
];
