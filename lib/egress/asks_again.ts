import { RECORD, RECORD_HEADER } from "./tls_records.ts";

const SERVER_HELLO = 2;
/** In a ServerHello, type, length and version stand before its random value. */
const RANDOM_AT = RECORD_HEADER + 6;
/** What a HelloRetryRequest has for a random value: SHA-256 of its name (RFC 8446 section 4.1.3). */
const RETRY_RANDOM = Uint8Array.fromHex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c");

const HELLO_BYTES = RANDOM_AT + RETRY_RANDOM.length;
const ALERT_BYTES = RECORD_HEADER + 2;

/** Bytes of an answer after which {@linkcode asksAgain} can tell; only more than two alerts would take longer. */
export const ANSWER_BYTES: number = 2 * ALERT_BYTES + HELLO_BYTES;

/**
 * Whether a server answers a ClientHello with a HelloRetryRequest, so that another ClientHello is to follow.
 *
 * @param answer What the server has sent, from its first byte on
 * @returns Undefined as long as that cannot be told; true also where the answer hides it in tiny records
 */
export function asksAgain(answer: Uint8Array): boolean | undefined {
  const [type, , , high, low] = answer;
  // Up to TLS 1.2, a warning about the name may come first.
  if (type === RECORD.alert) return asksAgain(answer.subarray(ALERT_BYTES));
  if (type !== undefined && type !== RECORD.handshake) return false;
  if (high === undefined || low === undefined) return undefined;
  if (RECORD_HEADER + (high << 8 | low) < HELLO_BYTES) return true;
  const message = answer[RECORD_HEADER];
  if (message !== undefined && message !== SERVER_HELLO) return false;
  const random = answer.subarray(RANDOM_AT, HELLO_BYTES);
  if (random.some((byte, i) => byte !== RETRY_RANDOM[i])) return false;
  return random.length === RETRY_RANDOM.length ? true : undefined;
}
