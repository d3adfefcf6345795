import { ERRNO } from "./errno.ts";
import { addressOf, pin, pinString } from "./pin.ts";
import { RESOURCES, setResource } from "./resource.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const CLONE_ARGS_SIZE = 88;
const SIGCHLD = 17;
const STATX_NLINK = 4;
// More than the few programs that start the command can have.
const MOST_COUNTED = 4096;

/**
 * Asks the kernel whether a new process would be within the limit, and makes none: that the child is to have pid 1 needs
 * a capability, and that nobody has it, and both are looked at after the limit (clone3(2), set_tid).
 */
function isOverLimit(call: SystemCall, clone: bigint): boolean {
  const errno = -call("clone3", clone, CLONE_ARGS_SIZE);
  if (errno === ERRNO.EAGAIN) return true;
  if (errno === ERRNO.EPERM || errno === ERRNO.EEXIST) return false;
  throw new Error(`Cannot limit processes: their number cannot be asked for: clone3: errno ${errno}`);
}

function cloneArguments(): bigint {
  const words = new BigUint64Array(CLONE_ARGS_SIZE / 8);
  words[4] = BigInt(SIGCHLD);
  words[8] = pin(new Uint8Array(Int32Array.of(1).buffer)); // set_tid: pid 1
  words[9] = 1n; // set_tid_size
  return pin(new Uint8Array(words.buffer));
}

// The links of the directory of a process's threads are those of any directory, 2, and one for each thread.
function ownThreads(call: SystemCall): number {
  const buffer = new Uint8Array(new ArrayBuffer(256));
  const address = addressOf(buffer);
  const result = call("statx", AT_FDCWD, pinString("/proc/self/task"), 0, STATX_NLINK, address);
  const links = new DataView(buffer.buffer).getUint32(16, true);
  if (result === 0 && links > 2) return links - 2;
  throw new Error("Cannot limit processes: they cannot be counted without /proc");
}

/**
 * Counts the processes and threads of this sandbox beside the command to come, as the kernel does for its limit.
 *
 * @param becomesCommand Whether the calling process is replaced by it, and loses its threads
 * @param hard The hard limit, which stays; the soft one is changed meanwhile
 * @throws {Error} where the kernel does not hold this limit for the caller, or does not tell
 */
export function countOtherProcesses(call: SystemCall, becomesCommand: boolean, hard: bigint): number {
  const clone = cloneArguments();
  setResource(call, RESOURCES.processes, 0n, hard);
  if (!isOverLimit(call, clone)) {
    throw new Error("Cannot limit processes: the kernel does not count those of this user");
  }
  for (let limit = 1; limit <= MOST_COUNTED; limit++) {
    setResource(call, RESOURCES.processes, BigInt(limit), hard);
    // Here one more than there are would still be within it.
    if (!isOverLimit(call, clone)) return Math.max(0, limit - 1 - (becomesCommand ? ownThreads(call) : 0));
  }
  throw new Error("Cannot limit processes: there are too many already");
}
