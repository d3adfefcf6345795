import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
// The longest delay that setTimeout can hold.
const LONGEST = 2 ** 31 - 1;

/**
 * Reads a duration: a number with a unit of `ms`, `s`, `m` or `h`.
 *
 * @returns Milliseconds
 * @throws {TomboloError} where the text is anything else, zero, or longer than 24 days
 */
export function parseDuration(text: string, origin: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text);
  const unit = MILLISECONDS[match?.[2] ?? ""];
  if (unit === undefined) {
    throw new TomboloError(
      "policy",
      `Cannot parse duration ${
        quote(text)
      } (${origin}): wanted a number and a unit, as 500ms, 30s, 10m or 2h`,
    );
  }
  const value = Math.round(Number(match?.[1]) * unit);
  if (value < 1 || value > LONGEST) {
    throw new TomboloError(
      "policy",
      `Cannot use duration ${quote(text)} (${origin}): it must be between 1ms and 24 days`,
    );
  }
  return value;
}
