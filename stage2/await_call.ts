import { addressOf, pinString } from "./pin.ts";
import { ERRNO } from "./errno.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

/** Where bin/tombolo has put the pipe; the status pipe is the last of its descriptors. */
const PIPE = 7;
const LAST = 9;
const CLOSE_RANGE_CLOEXEC = 4;
const LONGEST_LINE = 256;

/**
 * Waits on standby until tombolo has made the control socket. The path is shorter than what a pipe takes in one piece
 * (pipe(7), PIPE_BUF).
 *
 * @param pipes Where the pipes were made; tombolo has taken them out of the file system, unless it was ended before that
 * @returns Its path; empty where nobody needs a warden, or tombolo is gone
 */
export function awaitCall(call: SystemCall, pipes: string): string {
  // What the command's process has of them is closed when it is executed.
  call("close_range", PIPE, LAST, CLOSE_RANGE_CLOEXEC);
  const line = new Uint8Array(new ArrayBuffer(LONGEST_LINE));
  let count: number;
  do count = call("read", PIPE, addressOf(line), line.length); while (count === -ERRNO.EINTR);
  call("close", PIPE);
  if (count === 0) {
    for (const name of ["life", "go", "status"]) call("unlinkat", AT_FDCWD, pinString(`${pipes}-${name}`), 0);
  }
  const text = new TextDecoder().decode(line.subarray(0, Math.max(0, count)));
  return text.endsWith("\n") ? text.slice(0, -1) : "";
}
