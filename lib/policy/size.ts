import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

const BYTES: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1000,
  mb: 1000 ** 2,
  gb: 1000 ** 3,
  tb: 1000 ** 4,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};
// What a double holds exactly; the kernel takes no more than 16 EiB.
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * Reads a size: bytes, or a number with a unit of KiB, MiB, GiB, TiB (1024) or KB, MB, GB, TB (1000).
 *
 * @returns Bytes
 * @throws {TomboloError} where the text is anything else, below one byte, or above 8 PiB
 */
export function parseSize(text: string, origin: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([A-Za-z]*)$/.exec(text);
  const unit = BYTES[(match?.[2] ?? "?").toLowerCase()];
  if (unit === undefined || (unit === 1 && text.includes("."))) {
    throw new TomboloError(
      "policy",
      `Cannot parse size ${
        quote(text)
      } (${origin}): wanted bytes or a number and a unit, as 512MiB, 2GiB or 1GB`,
    );
  }
  const value = Math.floor(Number(match?.[1]) * unit);
  if (value < 1 || value > LARGEST) {
    throw new TomboloError(
      "policy",
      `Cannot use size ${quote(text)} (${origin}): it must be between 1 byte and 8 PiB`,
    );
  }
  return value;
}
