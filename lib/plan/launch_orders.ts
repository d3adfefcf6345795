/** Where inside stage2 finds its orders. */
export const ORDERS_INSIDE = "/run/tombolo/launch.json";

/**
 * What `stage2 launch` has to do before it becomes the command, beside what every command gets; absent fields ask for
 * nothing. In a file, because an environment variable holds 128 KiB at most.
 */
export interface LaunchOrders {
  /** Real paths of the only files that may be executed, and of directories whose files may be. */
  readonly execute?: readonly string[];
}

/** The orders as the text of their file; `undefined` where there are none. */
export function ordersText(orders: LaunchOrders): string | undefined {
  const text = JSON.stringify(orders);
  return text === "{}" ? undefined : text;
}
