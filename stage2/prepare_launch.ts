import { type LaunchOrders, STATUS_DESCRIPTOR, VANISHED } from "../lib/plan/launch_orders.ts";
import { mountLate, Vanished } from "./mount_late.ts";
import { pin } from "./pin.ts";
import { readOrders } from "./read_orders.ts";
import type { SystemCall } from "./system_call.ts";

/** What stage2 has been told to start a command with. */
export interface LaunchTask {
  /** The environment of stage2. */
  readonly own: Readonly<Record<string, string>>;
  /** An array of `struct sock_filter`. */
  readonly filter: Uint8Array;
  readonly orders: LaunchOrders;
  /** Soft limit of open files. */
  readonly openFiles: number | undefined;
}

function openFilesLimit(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d{1,15}$/.test(value)) throw new RangeError(`Cannot read TOMBOLO_STAGE2_NOFILE: ${value}`);
  return Number(value);
}

// tombolo looks again at what there is to guard, and starts anew.
function tellVanished(call: SystemCall): void {
  const text = new TextEncoder().encode(`${VANISHED}\n`);
  if (call("write", STATUS_DESCRIPTOR, pin(text), text.length) === text.length) Deno.exit(125);
}

/**
 * Reads what is to be done, and mounts what bubblewrap has left to stage2.
 *
 * @throws {Error} Where it is not what it should be, or cannot be done
 */
export function prepareLaunch(call: SystemCall, command: readonly string[]): LaunchTask {
  if (command.length === 0) throw new TypeError("Cannot start the command: none was given");
  const own = Deno.env.toObject();
  const filterPath = own["TOMBOLO_STAGE2_SECCOMP"];
  if (filterPath === undefined) throw new TypeError("Cannot lock down the command: no filter was given");
  const filter = Deno.readFileSync(filterPath);
  const orders = readOrders(own["TOMBOLO_STAGE2_ORDERS"]);
  const { mounts = [], check = [], cwd = "/" } = orders;
  try {
    mountLate(call, { mounts, check, cwd });
  } catch (error) {
    if (error instanceof Vanished) tellVanished(call);
    throw error;
  }
  return { own, filter, orders, openFiles: openFilesLimit(own["TOMBOLO_STAGE2_NOFILE"]) };
}
