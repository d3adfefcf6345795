import { quote } from "../report/escape.ts";
import { fromLatin1 } from "./latin1.ts";

const CR = 0x0d;
const LF = 0x0a;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// Visible characters, space, tab and obs-text (RFC 9110 5.5).
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.([01])$/;
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*))?$/;

/** A message that breaks the rules of HTTP, with the status that answers it. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  constructor(readonly status: 400 | 405 | 431 | 502 | 504, message: string) {
    super(message);
  }
}

/** One header field, as it was sent. */
export interface Field {
  readonly name: string;
  /** The name in lower case. */
  readonly key: string;
  readonly value: string;
}

/** The header fields of a message, in order. */
export class Fields {
  constructor(readonly list: readonly Field[]) {}

  /** Every value of a field; the name is in lower case. */
  all(name: string): string[] {
    const values: string[] = [];
    for (const { key, value } of this.list) if (key === name) values.push(value);
    return values;
  }

  /** The members of a comma-separated field, in lower case. */
  members(name: string): string[] {
    const values = this.all(name);
    if (values.length === 0) return values;
    return values.flatMap((value) => value.toLowerCase().split(",")).map((one) => one.trim()).filter(Boolean);
  }
}

/** Head of a request. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  /** Minor version: 0 or 1. */
  readonly minor: number;
  readonly fields: Fields;
}

/** Head of a response. */
export interface ResponseHead {
  readonly status: number;
  readonly phrase: string;
  readonly minor: number;
  readonly fields: Fields;
}

/**
 * Looks for the empty line that ends a head, and refuses bare CR, bare LF and NUL on the way.
 *
 * @param bytes What has arrived
 * @param from How many of them were looked at before
 * @returns The number of bytes of the head, the empty line included, or -1 where the end has not come
 * @throws {HttpError}
 */
export function findHeadEnd(bytes: Uint8Array, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === 0) throw new HttpError(400, "the head holds a NUL byte");
    if (bytes[i - 1] === CR && byte !== LF) throw new HttpError(400, "the head holds a bare CR");
    if (byte !== LF) continue;
    if (bytes[i - 1] !== CR) throw new HttpError(400, "the head holds a bare LF");
    if (bytes[i - 2] === LF) return i + 1;
  }
  return -1;
}

/**
 * Parses the lines of header fields, or of trailers, strictly.
 *
 * @throws {HttpError}
 */
export function parseFields(lines: readonly string[]): Fields {
  return new Fields(lines.map((line) => {
    if (/^[ \t]/.test(line)) throw new HttpError(400, "a header field is folded over two lines");
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon));
    // A space before the colon fails here too: it is no token (RFC 9112 5.1).
    if (!TOKEN.test(name)) throw new HttpError(400, `${quote(line.slice(0, 100))} is no header field`);
    const value = trimBlanks(line.slice(colon + 1));
    if (!FIELD_VALUE.test(value)) {
      throw new HttpError(400, `the value of ${quote(name)} holds a control character`);
    }
    return { name, key: name.toLowerCase(), value };
  }));
}

/** Takes off spaces and tabs: unlike `trim`, nothing else. */
function trimBlanks(text: string): string {
  const isBlank = (at: number) => text.charCodeAt(at) === 0x20 || text.charCodeAt(at) === 0x09;
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start++;
  while (end > start && isBlank(end - 1)) end--;
  return text.slice(start, end);
}

function splitLines(bytes: Uint8Array): [first: string, rest: string[]] {
  const [first = "", ...rest] = fromLatin1(bytes).slice(0, -4).split("\r\n");
  return [first, rest];
}

/**
 * Parses a request head strictly.
 *
 * @param bytes The head, up to and with the empty line
 * @throws {HttpError}
 */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  const [line, rest] = splitLines(bytes);
  const [, method, target, minor] = REQUEST_LINE.exec(line) ?? [];
  if (method === undefined || target === undefined) {
    throw new HttpError(400, `${quote(line.slice(0, 100))} is no HTTP/1.1 request line`);
  }
  const fields = parseFields(rest);
  if (fields.all("host").length > 1) throw new HttpError(400, "the request has two Host fields");
  return { method, target, minor: Number(minor), fields };
}

/**
 * Parses a response head strictly.
 *
 * @param bytes The head, up to and with the empty line
 * @throws {HttpError}
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const [line, rest] = splitLines(bytes);
  const [, minor, status, phrase = ""] = STATUS_LINE.exec(line) ?? [];
  if (status === undefined) {
    throw new HttpError(502, `${quote(line.slice(0, 100))} is no HTTP/1.1 status line`);
  }
  return { status: Number(status), phrase, minor: Number(minor), fields: parseFields(rest) };
}
