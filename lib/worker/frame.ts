import { MAX_FRAME } from "./protocol.ts";

/** Bytes of a frame's length. */
export const HEADER = 4;

const COPIED = 64 * 1024;

const encoder = new TextEncoder();

/**
 * A message as the bytes of a frame; what is raw follows apart.
 *
 * @returns `undefined` where the message is larger than a frame may be
 */
export function encodeFrame(message: object): Uint8Array<ArrayBuffer> | undefined {
  const text = JSON.stringify(message);
  if (text.length > MAX_FRAME) return undefined;
  // A code unit takes three bytes at most.
  const frame = new Uint8Array(HEADER + text.length * 3);
  const { written } = encoder.encodeInto(text, frame.subarray(HEADER));
  if (written > MAX_FRAME) return undefined;
  new DataView(frame.buffer).setUint32(0, written);
  return frame.subarray(0, HEADER + written);
}

/**
 * A frame and what follows it raw, in as few pieces as are quick to write: up to 64 KiB a copy is quicker than a second
 * call to the system.
 */
export function piecesOf(frame: Uint8Array, payload: Uint8Array | undefined): Uint8Array[] {
  if (payload === undefined || payload.length === 0) return [frame];
  if (payload.length > COPIED) return [frame, payload];
  const both = new Uint8Array(frame.length + payload.length);
  both.set(frame);
  both.set(payload, frame.length);
  return [both];
}

/** The length that the first four bytes of a frame give. */
export function frameLength(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset, HEADER).getUint32(0);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The message of a frame.
 *
 * @throws {TypeError} where it is not UTF-8
 * @throws {SyntaxError} where it is not JSON
 */
export function decodeFrame(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes));
}
