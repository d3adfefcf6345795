import { addressOf, pinString, pinWords } from "./pin.ts";
import { AT_FDCWD } from "./system_call.ts";

const O_PATH_CLOEXEC = 0x280000n;
const RESOLVE_NO_SYMLINKS = 4n;
const OPEN_HOW_SIZE = 24;
const LONGEST_PATH = 4096;

let how: bigint | undefined;

function openHow(): bigint {
  return how ??= pinWords(O_PATH_CLOEXEC, 0n, RESOLVE_NO_SYMLINKS); // struct open_how
}

/**
 * The call that holds what stands at a path by a descriptor (openat2(2)). Only real paths are given, so a link on the
 * way is one that somebody has put there since: then it fails.
 */
export function openPath(path: string): ["openat2", number, bigint, bigint, number] {
  return ["openat2", AT_FDCWD, pinString(path), openHow(), OPEN_HOW_SIZE];
}

/** The same call for one path after the other, in one buffer. */
export class PathOpening {
  readonly #encoder = new TextEncoder();
  readonly #buffer = new Uint8Array(new ArrayBuffer(LONGEST_PATH));

  /** @throws {RangeError} for a path that no system call takes */
  of(path: string): ["openat2", number, bigint, bigint, number] {
    const { read, written } = this.#encoder.encodeInto(path, this.#buffer.subarray(0, LONGEST_PATH - 1));
    if (read < path.length) throw new RangeError(`Cannot open a path of more than ${LONGEST_PATH} bytes`);
    this.#buffer[written] = 0;
    const address = addressOf(this.#buffer);
    return ["openat2", AT_FDCWD, address, openHow(), OPEN_HOW_SIZE];
  }
}
