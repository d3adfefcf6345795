import { connectUnix } from "./connect_unix.ts";
import { pin } from "./pin.ts";
import { readDescriptor } from "./read_descriptor.ts";
import type { SystemCall } from "./system_call.ts";

const LAUNCH_GREETING = 0x6c; // "l"

/** A connection to the gateway that has yet to answer with the bridge's port. */
export interface PendingPort {
  /** Waits for the port; throws when the gateway hangs up instead. */
  receive(): number;
}

/**
 * Tells the gateway that launch is there.
 *
 * Blocking calls on purpose: nothing else is to be done meanwhile, and they spare the event loop's start.
 *
 * @param call Makes system calls
 * @param path The gateway's unix socket
 * @returns What the port comes from
 * @throws {Error} If the gateway cannot be reached
 */
export function awaitPort(call: SystemCall, path: string): PendingPort {
  const socket = connectUnix(call, path);
  check(call("write", socket, pin(new Uint8Array([LAUNCH_GREETING])), 1));
  return { receive: () => receivePort(call, socket) };
}

function receivePort(call: SystemCall, socket: number): number {
  const bytes = new Uint8Array(new ArrayBuffer(2));
  if (readDescriptor(call, socket, bytes) < bytes.length) {
    throw new Error("Cannot start the command: the network bridge did not start");
  }
  return new DataView(bytes.buffer).getUint16(0);
}

function check(result: number): number {
  if (result < 0) throw new Error(`Cannot reach the gateway: errno ${-result}`);
  return result;
}
