import { pin, pinWords } from "./pin.ts";

const SOCK_FILTER_SIZE = 8;

/** The operation of seccomp(2) that loads a filter. */
export const SECCOMP_SET_MODE_FILTER = 1;

/**
 * What seccomp(2) takes: struct sock_fprog.
 *
 * @throws {RangeError} Where the filter is no array of `struct sock_filter`
 */
export function filterProgram(filter: Uint8Array): bigint {
  const length = filter.length / SOCK_FILTER_SIZE;
  if (!Number.isInteger(length) || length < 1 || length > 0xffff) {
    throw new RangeError(`Cannot lock down the command: filter of ${filter.length} bytes`);
  }
  // length u16, padding, pointer
  return pinWords(BigInt(length), pin(filter));
}
