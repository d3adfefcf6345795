import { HostError } from "../host/host_error.ts";
import { HostPort } from "../host/host_port.ts";
import { authenticate } from "./authenticate.ts";
import type { ByteReader, ReadLimit } from "./byte_reader.ts";
import { type Client, HandshakeTimeout } from "./client.ts";
import { DialError } from "./dial.ts";
import { findHeadEnd, HttpError, parseRequestHead, type RequestHead } from "./http_head.ts";
import { requestFraming } from "./http_framing.ts";
import { toLatin1 } from "./latin1.ts";
import { say } from "./say.ts";
import { type Answer, dialAnswer, formatAnswer, httpErrorAnswer, TUNNEL_OPEN } from "./status.ts";
import { tunnel } from "./tunnel.ts";

/** What becomes of the client's connection after a request. */
export type Next = "keep" | "close";

/**
 * Reads one head, up to and with the empty line.
 *
 * @returns The head, valid until the next read, or undefined where the stream ends before its first byte
 * @throws {HttpError} When it is malformed, longer than the limit or cut off
 */
export async function readHead(
  reader: ByteReader,
  limit: number,
  clock?: ReadLimit,
): Promise<Uint8Array | undefined> {
  for (let looked = 0;;) {
    const bytes = reader.buffered;
    const end = findHeadEnd(bytes.subarray(0, limit), looked);
    if (end >= 0) {
      reader.skip(end);
      // Valid until the next read: no copy is made.
      return bytes.subarray(0, end);
    }
    if (bytes.length >= limit) throw new HttpError(431, `the head is longer than ${limit} bytes`);
    looked = bytes.length;
    if (await reader.fill(clock)) continue;
    if (looked === 0) return undefined;
    throw new HttpError(400, "the head is cut off");
  }
}

/** Parses a host that came as bytes; what is not ASCII must be UTF-8. */
export function parseTarget(client: Client, text: string, defaultPort?: number): HostPort {
  try {
    return HostPort.parse(fromUtf8(text), defaultPort);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    client.dialer.refuse(text, error.message);
    throw new HttpError(400, error.message);
  }
}

function fromUtf8(text: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(toLatin1(text));
  } catch {
    throw new HostError("Cannot parse host: it is not UTF-8");
  }
}

/** Serves HTTP on a connection whose first bytes are in the reader: tunnels, and plain requests one after another. */
export async function serveHttp(client: Client): Promise<void> {
  for (let next: Next = "keep"; next === "keep";) {
    let head: RequestHead | undefined;
    try {
      const bytes = await readHead(client.reader, client.limits.header, client.handshake);
      client.handshake.done();
      if (bytes === undefined) return;
      head = parseRequestHead(bytes);
      if (client.credential && !(await authenticate(client, client.credential, head))) return;
      next = await serveRequest(client, head);
    } catch (error) {
      await refuse(client, error, head);
      return;
    }
    if (next === "keep" && !(await awaitRequest(client))) return;
  }
}

async function serveRequest(client: Client, head: RequestHead): Promise<Next> {
  if (head.method === "CONNECT") return await serveConnect(client, head);
  const { servePlain } = await import("./http_plain.ts");
  return await servePlain(client, head);
}

/** Waits for the next request's first byte; only from there on the handshake limit counts. */
async function awaitRequest(client: Client): Promise<boolean> {
  if (client.reader.buffered.length === 0) {
    client.handshake.start(client.limits.idle);
    try {
      if (!(await client.reader.fill(client.handshake))) return false;
    } catch {
      return false;
    }
  }
  client.handshake.start();
  return true;
}

async function serveConnect(client: Client, head: RequestHead): Promise<Next> {
  const framing = requestFraming(head);
  if (framing.kind === "chunked" || (framing.kind === "length" && framing.length > 0)) {
    throw new HttpError(400, "a CONNECT request has no body");
  }
  const target = parseTarget(client, head.target);
  let passage;
  try {
    passage = await client.dialer.open(target, "connect");
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    await answer(client, dialAnswer(target, error), { close: true, bodyless: false });
    return "close";
  }
  await tunnel(client, passage, TUNNEL_OPEN);
  return "close";
}

/** Sends an answer of the gateway's own. */
export async function answer(
  client: Client,
  what: Answer,
  options: { close: boolean; bodyless: boolean },
): Promise<void> {
  await say(client, formatAnswer(what, options));
}

async function refuse(client: Client, error: unknown, head: RequestHead | undefined): Promise<void> {
  const said = error instanceof HandshakeTimeout ? new HttpError(400, error.message) : error;
  if (!(said instanceof HttpError)) return;
  try {
    await answer(client, httpErrorAnswer(said), { close: true, bodyless: head?.method === "HEAD" });
  } catch {
    // The client went away.
  }
}
