import { quote } from "../report/escape.ts";
import { HostError } from "./host_error.ts";

const DECIMAL_BYTE = /^(?:0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-f]{1,4}$/i;
/** The last label decides whether a host is a number (WHATWG URL, "ends in a number"). */
const ENDS_IN_NUMBER = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/i;
const LEGACY_PART = /^(?:0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i;

/** An IPv4 or IPv6 address, held as bytes. */
export class IpAddress {
  readonly bytes: Uint8Array;
  readonly version: 4 | 6;
  #text: string | undefined;

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.version = bytes.length === 4 ? 4 : 6;
  }

  /**
   * Makes an address of its bytes, in network order.
   *
   * @throws {HostError} When there are neither 4 nor 16 of them
   */
  static of(bytes: Uint8Array): IpAddress {
    if (bytes.length !== 4 && bytes.length !== 16) {
      throw new HostError(`Cannot make an address: ${bytes.length} bytes are neither 4 nor 16`);
    }
    return new IpAddress(bytes.slice());
  }

  /**
   * Parses the strict text forms: four decimal bytes without leading zeros, or IPv6 (RFC 4291 section 2.2)
   * with optional brackets. Zone ids are not accepted.
   *
   * @returns The address, or undefined where the text is none
   *
   * @example
   * ```ts
   * import { IpAddress } from "./ip_address.ts";
   * IpAddress.parse("[::1]")?.toString(); // "::1"
   * IpAddress.parse("127.1"); // undefined
   * ```
   */
  static parse(text: string): IpAddress | undefined {
    const bracketed = text.startsWith("[") && text.endsWith("]");
    const bytes = bracketed ? parseV6(text.slice(1, -1)) : parseV4(text) ?? parseV6(text);
    return bytes && new IpAddress(bytes);
  }

  /**
   * Parses every spelling that inet_aton takes: one to four parts, each decimal, octal (0...) or
   * hexadecimal (0x...), the last part filling the bytes that are left.
   *
   * @returns The address, or undefined where the text is not a number at all
   * @throws {HostError} When the text ends in a number but is no address
   *
   * @example
   * ```ts
   * import { IpAddress } from "./ip_address.ts";
   * IpAddress.parseLegacy("0x7f.1")?.toString(); // "127.0.0.1"
   * ```
   */
  static parseLegacy(text: string): IpAddress | undefined {
    if (!ENDS_IN_NUMBER.test(text)) return undefined;
    const parts = text.split(".");
    const bytes = parts.length <= 4 ? legacyBytes(parts) : undefined;
    if (bytes === undefined) {
      throw new HostError(`Cannot parse host: ${quote(text)} ends in a number but is no IPv4 address`);
    }
    return new IpAddress(bytes);
  }

  /** The IPv4 address inside an IPv4-mapped (RFC 4291 2.5.5.2) or IPv4-compatible (2.5.5.1) one. */
  unmapped(): IpAddress | undefined {
    if (this.version === 4) return undefined;
    const bytes = this.bytes;
    for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return undefined;
    const mapped = bytes[10] === 0xff && bytes[11] === 0xff;
    // `::` and `::1` lie in the compatible range but are addresses of their own.
    const compatible = bytes[10] === 0 && bytes[11] === 0 &&
      !(bytes[12] === 0 && bytes[13] === 0 && bytes[14] === 0 && (bytes[15] ?? 0) <= 1);
    return mapped || compatible ? new IpAddress(bytes.slice(12)) : undefined;
  }

  /** Whether both are the same address. A mapped address is not equal to the one inside. */
  equals(other: IpAddress): boolean {
    return this.startsLike(other, this.bytes.length * 8);
  }

  /** Whether the first `bits` bits are the same as those of `network`. */
  startsLike(network: IpAddress, bits: number): boolean {
    if (this.version !== network.version) return false;
    const whole = bits >> 3;
    for (let i = 0; i < whole; i++) if (this.bytes[i] !== network.bytes[i]) return false;
    const rest = bits & 7;
    if (rest === 0) return true;
    const mask = 0xff << (8 - rest) & 0xff;
    return ((this.bytes[whole] ?? 0) & mask) === ((network.bytes[whole] ?? 0) & mask);
  }

  /** The canonical text (RFC 5952), without brackets. */
  toString(): string {
    this.#text ??= this.version === 4 ? this.bytes.join(".") : formatV6(this.bytes);
    return this.#text;
  }
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const bytes = new Uint8Array(4);
  for (const [i, part] of parts.entries()) {
    const value = Number(part);
    if (!DECIMAL_BYTE.test(part) || value > 255) return undefined;
    bytes[i] = value;
  }
  return bytes;
}

function legacyBytes(parts: readonly string[]): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  const last = parts.length - 1;
  for (const [i, part] of parts.entries()) {
    if (!LEGACY_PART.test(part)) return undefined;
    const octal = part.length > 1 && part.startsWith("0") && !/^0x/i.test(part);
    const value = octal ? Number(`0o${part}`) : Number(part);
    if (i < last) {
      if (value > 255) return undefined;
      bytes[i] = value;
      continue;
    }
    if (value >= 256 ** (4 - last)) return undefined;
    for (let at = 3; at >= last; at--) bytes[at] = Math.floor(value / 256 ** (3 - at)) % 256;
  }
  return bytes;
}

/** The 16-bit groups of one side of `::`, a trailing dotted IPv4 counting as two. */
function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (HEX_GROUP.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const v4 = mayEndInV4 && i === parts.length - 1 ? parseV4(part) : undefined;
    if (v4 === undefined) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = v4;
    groups.push(a << 8 | b, c << 8 | d);
  }
  return groups;
}

function parseV6(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > 45 || !text.includes(":")) return undefined;
  const sides = text.split("::");
  if (sides.length > 2) return undefined;
  const [left = "", right] = sides;
  const head = parseGroups(left, right === undefined);
  const tail = right === undefined ? [] : parseGroups(right, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  for (const [i, group] of groups.entries()) {
    bytes[2 * i] = group >> 8;
    bytes[2 * i + 1] = group & 0xff;
  }
  return bytes;
}

function formatV6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i] ?? 0) << 8 | (bytes[i + 1] ?? 0));
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `::ffff:${bytes.slice(12).join(".")}`;
  }
  const [start, length] = longestZeroRun(groups);
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (length < 2) return hex(groups);
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

/** The first of the longest runs of zero groups (RFC 5952 section 4.2.3). */
function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best: [number, number] = [0, 0];
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best[1]) best = [start, i - start];
    start = i + 1;
  }
  return best;
}
