/**
 * The middle of some numbers; of an even count the mean of the two in the middle.
 *
 * @param values The numbers, in any order; they are left as they are
 * @returns The median
 * @throws {RangeError} If there are none
 */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("Cannot take a median: no values");
  return (lower + upper) / 2;
}
