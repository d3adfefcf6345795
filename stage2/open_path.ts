import { pinString, pinWords } from "./pin.ts";
import { AT_FDCWD } from "./system_call.ts";

const O_PATH_CLOEXEC = 0x280000n;
const RESOLVE_NO_SYMLINKS = 4n;
const OPEN_HOW_SIZE = 24;

let how: bigint | undefined;

/**
 * The call that holds what stands at a path by a descriptor (openat2(2)). Only real paths are given, so a link on the
 * way is one that somebody has put there since: then it fails.
 */
export function openPath(path: string): ["openat2", number, bigint, bigint, number] {
  how ??= pinWords(O_PATH_CLOEXEC, 0n, RESOLVE_NO_SYMLINKS); // struct open_how
  return ["openat2", AT_FDCWD, pinString(path), how, OPEN_HOW_SIZE];
}
