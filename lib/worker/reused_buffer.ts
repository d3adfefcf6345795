const LARGEST = 8 * 1024 * 1024;

/**
 * Makes buffers out of the same memory: fresh memory costs the kernel as much as reading the file.
 *
 * @returns A function whose result is good until its next call
 */
export function reusedBuffer(): (length: number) => Uint8Array<ArrayBuffer> {
  let kept = new Uint8Array(0);
  return (length) => {
    if (length > LARGEST) return new Uint8Array(length);
    if (kept.length < length) kept = new Uint8Array(length);
    return kept.subarray(0, length);
  };
}
