/** A device that every command may open. Every other one is hidden, other terminals above all. */
export interface Device {
  readonly path: string;
  readonly access: "read" | "read and write";
}

/** Devices that hold nothing of the host's. */
export const DEVICES: readonly Device[] = [
  { path: "/dev/null", access: "read and write" },
  { path: "/dev/zero", access: "read and write" },
  { path: "/dev/random", access: "read" },
  { path: "/dev/urandom", access: "read" },
  // The loader registers probes there; it carries on where it may not.
  { path: "/dev/dtracehelper", access: "read and write" },
];

/** What the command's own descriptors and its own terminal are called; opening one gives what is open already. */
export const OWN_DEVICES: readonly string[] = [
  "/dev/fd",
  "/dev/stdin",
  "/dev/stdout",
  "/dev/stderr",
  "/dev/tty",
];
