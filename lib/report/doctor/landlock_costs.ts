/** What Landlock learnt in each version, and what the backend cannot do without it (landlock(7)). */
export const LANDLOCK_COSTS: readonly {
  readonly abi: number;
  readonly linux: string;
  readonly cost: string;
}[] = [
  { abi: 1, linux: "5.13", cost: "no Landlock backend, and no --allow-run=PROGRAM" },
  { abi: 2, linux: "5.19", cost: "no file can be moved or linked from one directory to another" },
  { abi: 3, linux: "6.2", cost: "truncate(2) is not held: files that may not be written can be emptied" },
  { abi: 4, linux: "6.7", cost: "TCP connections are not held: no policy with hosts" },
  { abi: 5, linux: "6.10", cost: "ioctl(2) on devices is not held" },
  {
    abi: 6,
    linux: "6.12",
    cost: "signals to processes outside and abstract unix sockets are not held",
  },
];
