import { pin } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 0x80001;
/** `sun_path` has 108 bytes, the last one for NUL. */
const LONGEST_PATH = 107;

/**
 * Connects to a unix socket, blocking.
 *
 * @returns Its descriptor
 * @throws {Error} If it cannot be reached
 */
export function connectUnix(call: SystemCall, path: string): number {
  const name = new TextEncoder().encode(path);
  if (name.length > LONGEST_PATH) {
    throw new RangeError(`Cannot reach the gateway: its path has ${name.length} bytes`);
  }
  const address = new Uint8Array(2 + name.length + 1);
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(name, 2);

  const socket = must(call("socket", AF_UNIX, SOCK_STREAM_CLOEXEC, 0));
  must(call("connect", socket, pin(address), address.length));
  return socket;
}

function must(result: number): number {
  if (result < 0) throw new Error(`Cannot reach the gateway: errno ${-result}`);
  return result;
}
