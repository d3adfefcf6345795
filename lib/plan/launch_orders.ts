import type { Limits } from "../policy/limits.ts";

/** Where inside stage2 finds its orders. */
export const ORDERS_INSIDE = "/run/tombolo/launch.json";

/** A file or directory mounted on itself, for reading or as it is, or hidden. */
export interface LateMount {
  readonly kind: "read" | "write" | "mask-file" | "mask-directory";
  readonly target: string;
}

/** Where inside stage2 finds what it hides things with. */
export const MASKS_INSIDE = {
  "mask-file": "/run/tombolo/mask/file",
  "mask-directory": "/run/tombolo/mask/directory",
};

/** Where stage2 says why it has not started the command; closed before the command (lib/launch/start_script.ts). */
export const STATUS_DESCRIPTOR = 9;
/** What it says there where something that was to be guarded has vanished since the plan was made. */
export const VANISHED = "vanished";

/** From SIGXCPU to SIGKILL, in seconds of cpu time: a command may catch the first. */
export const CPU_GRACE_SECONDS = 5;

/**
 * What `stage2 launch` has to do before it becomes the command, beside what every command gets; absent fields ask for
 * nothing. In a file, because an environment variable holds 128 KiB at most.
 */
export interface LaunchOrders {
  /** Real paths of the only files that may be executed, and of directories whose files may be. */
  readonly execute?: readonly string[];
  /** Mounts to make, in order, on what bubblewrap has mounted; it then lends the rights for that. */
  readonly mounts?: readonly LateMount[];
  /** Targets that have to be mount points, with no link on the way, before anything else is mounted. */
  readonly check?: readonly string[];
  /** The working directory, entered again once everything is mounted: what is mounted over it is not seen before. */
  readonly cwd?: string;
  /** Limits of the command and of what it starts, set just before it is executed. */
  readonly limits?: Omit<Limits, "wallTime">;
}

/** The orders as the text of their file; `undefined` where there are none. */
export function ordersText(orders: LaunchOrders): string | undefined {
  const text = JSON.stringify(orders);
  return text === "{}" ? undefined : text;
}
