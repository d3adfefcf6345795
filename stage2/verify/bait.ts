import { pin } from "../pin.ts";
import { openNumberedCall } from "../system_call.ts";
import { callNumber } from "./call_numbers.ts";
import { socketAddress } from "./socket_address.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;

/**
 * The bait role, on the host: a process that listens on an abstract unix socket, and that nothing inside may signal. It
 * says "ready", and ends with its stdin.
 *
 * @param name The socket's name
 */
export async function bait(name: string): Promise<void> {
  const call = openNumberedCall();
  const socket = call(callNumber("socket"), AF_UNIX, SOCK_STREAM, 0);
  const address = socketAddress.unix(`\0${name}`);
  const bound = call(callNumber("bind"), socket, pin(address), address.length);
  const listening = call(callNumber("listen"), socket, 8);
  if (socket < 0 || bound < 0 || listening < 0) {
    throw new Error(`Cannot listen on an abstract socket: ${bound}`);
  }
  console.log("ready");
  for await (const _ of Deno.stdin.readable) {
    // Nothing is said to it.
  }
}
