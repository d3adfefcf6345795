/** Content types of records (RFC 8446 section 5.1). */
export const RECORD = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  heartbeat: 24,
} as const;

/** Bytes of a record before its content: type, version, length. */
export const RECORD_HEADER = 5;
/** Most that a record which is not encrypted holds, in bytes. */
const LONGEST_FRAGMENT = 2 ** 14;
const MAJOR_VERSION = 3;
/** An alert's level and description. */
const ALERT_BYTES = 2;
/** In SSL 2, a length of two bytes with the highest bit set stands first, then the type of the message. */
const SSL2_LENGTH = 0x80;
const SSL2_CLIENT_HELLO = 1;
/** Bytes of a handshake message before its body: type and length. */
const MESSAGE_HEADER = 4;

/** What is wanted of a stream of records. */
export interface Wanted {
  /** Type of the first handshake message. */
  readonly type: number;
  /** Most bytes that it may take, with its records. */
  readonly longest: number;
  /** Throws the caller's error. */
  readonly fail: (message: string) => never;
}

/** A handshake message taken out of its records, or how many bytes are missing at least. */
export type Collected =
  | { readonly body: Uint8Array; readonly length: number }
  | { readonly missing: number };

/**
 * Puts the first handshake message together from the records that it comes in. It may be spread over many; it must end
 * where a record ends, and nothing else may stand between (RFC 8446 section 5.1).
 *
 * @param bytes A stream of records from its first byte on
 * @param expected What is wanted of it
 * @returns The message's body, and the length of the records that it took
 */
export function collectHandshake(bytes: Uint8Array, expected: Wanted): Collected {
  const message = new Uint8Array(bytes.length);
  let have = 0;
  let wanted = MESSAGE_HEADER;
  let at = 0;
  while (have < wanted) {
    const rest = bytes.subarray(at);
    const size = fragmentSize(rest, expected.fail);
    const part = rest.subarray(RECORD_HEADER, RECORD_HEADER + (size ?? 0));
    message.set(part, have);
    wanted = messageLength(message.subarray(0, have + part.length), expected);
    const needed = neededBytes(size, wanted - have);
    if (at + needed > expected.longest) expected.fail(`it takes more than ${expected.longest} bytes`);
    if (size === undefined || part.length < size) return { missing: needed - rest.length };
    have += size;
    at += RECORD_HEADER + size;
  }
  if (have > wanted) expected.fail(`${have - wanted} bytes follow it in its record`);
  return { body: message.subarray(MESSAGE_HEADER, have), length: at };
}

/**
 * Whether a stream begins with what a TLS server may accept before or instead of a ClientHello in records: Go and rustls
 * overlook a warning alert, OpenSSL reads the ClientHello of SSL 2, which names no server.
 *
 * @param bytes A stream whose first byte is not that of a handshake record
 * @returns Undefined as long as that cannot be told
 */
export function beginsAsideHello(bytes: Uint8Array): boolean | undefined {
  const [type = 0, major, message, high, low] = bytes;
  if (type >= SSL2_LENGTH) {
    if (message !== undefined && message !== SSL2_CLIENT_HELLO) return false;
    return high === undefined ? undefined : high === MAJOR_VERSION;
  }
  if (type < RECORD.changeCipherSpec || type > RECORD.heartbeat) return false;
  if (major === undefined) return undefined;
  if (major === MAJOR_VERSION) return true;
  // Go looks at no version of a first alert.
  if (type !== RECORD.alert) return false;
  return low === undefined ? undefined : high === 0 && low === ALERT_BYTES;
}

/** How much a record holds; undefined until its header is there. */
function fragmentSize(record: Uint8Array, fail: (message: string) => never): number | undefined {
  const [type, major, , high = 0, low = 0] = record;
  if (type !== undefined && type !== RECORD.handshake) fail(`a record of type ${type} stands in its way`);
  // The rest of the version says nothing (RFC 8446 section 5.1), but no reader takes another protocol's.
  if (major !== undefined && major !== MAJOR_VERSION) fail(`its record's version is ${major}.x`);
  if (record.length < RECORD_HEADER) return undefined;
  const size = high << 8 | low;
  if (size === 0) fail("it has an empty record");
  if (size > LONGEST_FRAGMENT) fail(`it has a record of ${size} bytes`);
  return size;
}

/** Bytes of this record and the next that are needed at least, where the message lacks so many. */
function neededBytes(size: number | undefined, lacking: number): number {
  // At best, one record holds all that is to come.
  if (size === undefined) return RECORD_HEADER + lacking;
  return RECORD_HEADER + size + (lacking > size ? RECORD_HEADER + lacking - size : 0);
}

/** Length of a message with its header, as far as that is known. */
function messageLength(message: Uint8Array, { type, fail }: Wanted): number {
  const [first, high = 0, middle = 0, low = 0] = message;
  if (first !== undefined && first !== type) fail(`its first message is of type ${first}`);
  return MESSAGE_HEADER + (message.length < MESSAGE_HEADER ? 0 : high << 16 | middle << 8 | low);
}
