import { connectUnix } from "./connect_unix.ts";
import { pinString } from "./pin.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const AT_REMOVEDIR = 0x200;

/**
 * Connects to a socket that nobody else is to connect to, and removes it with its directory; also where nobody listens any
 * more: tombolo has been killed, and would leave them.
 *
 * @param path The socket, alone in its directory
 * @returns Its descriptor
 * @throws {Error} If it cannot be reached
 */
export function connectOnce(call: SystemCall, path: string): number {
  try {
    return connectUnix(call, path);
  } finally {
    call("unlinkat", AT_FDCWD, pinString(path), 0);
    call("unlinkat", AT_FDCWD, pinString(path.slice(0, path.lastIndexOf("/"))), AT_REMOVEDIR);
  }
}
