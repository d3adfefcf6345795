import { connectUnix } from "./connect_unix.ts";
import { pin } from "./pin.ts";
import { readDescriptor } from "./read_descriptor.ts";
import type { SystemCall } from "./system_call.ts";

/**
 * Tells the gateway that stage2 is there.
 *
 * Blocking calls on purpose: they spare the event loop's start.
 *
 * @param path The gateway's unix socket
 * @returns What waits until the gateway takes connections for those of the command
 * @throws {Error} If the gateway cannot be reached; what is returned throws if it hangs up
 */
export function meetGateway(call: SystemCall, path: string): () => void {
  const socket = connectUnix(call, path);
  const greeting = call("write", socket, pin(new TextEncoder().encode("b")), 1);
  if (greeting < 0) throw new Error(`Cannot reach the gateway: errno ${-greeting}`);
  return () => {
    if (readDescriptor(call, socket, new Uint8Array(new ArrayBuffer(1))) === 0) {
      throw new Error("Cannot start the command: the gateway hung up");
    }
    call("close", socket);
  };
}
