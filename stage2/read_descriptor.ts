import { addressOf } from "./pin.ts";
import { ERRNO } from "./errno.ts";
import type { SystemCall } from "./system_call.ts";

/**
 * Reads until a buffer is full or the other end hangs up, blocking.
 *
 * @param bytes Of a buffer of its own: small typed arrays move otherwise
 * @returns How many bytes came
 * @throws {Error} If the descriptor cannot be read
 */
export function readDescriptor(call: SystemCall, descriptor: number, bytes: Uint8Array<ArrayBuffer>): number {
  const address = addressOf(bytes);
  let length = 0;
  while (length < bytes.length) {
    const count = call("read", descriptor, address + BigInt(length), bytes.length - length);
    if (count === -ERRNO.EINTR) continue;
    if (count < 0) throw new Error(`Cannot read: errno ${-count}`);
    if (count === 0) break;
    length += count;
  }
  return length;
}
