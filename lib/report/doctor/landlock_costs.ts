/** What Landlock learnt in each version, and what the backend cannot do without it (landlock(7)). */
export const LANDLOCK_COSTS: readonly {
  readonly abi: number;
  readonly linux: string;
  readonly cost: string;
}[] = [
  { abi: 1, linux: "5.13", cost: "no --allow-run=PROGRAM" },
  { abi: 2, linux: "5.19", cost: "no file can be moved or linked from one directory to another" },
  {
    abi: 3,
    linux: "6.2",
    cost: "no Landlock backend: files that may not be written could be emptied (truncate)",
  },
  { abi: 4, linux: "6.7", cost: "no policy with hosts in the Landlock backend: TCP is not held" },
  { abi: 5, linux: "6.10", cost: "ioctl(2) on devices is not held by the Landlock backend" },
  {
    abi: 6,
    linux: "6.12",
    cost: "signals to processes outside and abstract unix sockets are not held by Landlock",
  },
];
