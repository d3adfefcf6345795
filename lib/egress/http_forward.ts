import type { HostPort } from "../host/host_port.ts";
import type { Framing } from "./http_framing.ts";
import { type Field, type Fields, HttpError, type RequestHead, type ResponseHead } from "./http_head.ts";
import { toLatin1 } from "./latin1.ts";

/** Fields of one connection, not of the message (RFC 9110 7.6.1); the framing and the host are written anew. */
const HOP_BY_HOP = new Set([
  "connection",
  "content-length",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Where a plain request goes. */
export interface PlainTarget {
  readonly host: HostPort;
  /** Path and query, as sent to the server. */
  readonly path: string;
}

/**
 * Reads the absolute-form target of a plain request, and checks that Host says the same.
 *
 * @param head The request
 * @param parseHost Parses `host[:port]`
 * @throws {HttpError} 400 for any other form of target, 405 for TRACE
 */
export function parsePlainTarget(head: RequestHead, parseHost: (text: string) => HostPort): PlainTarget {
  if (head.method === "TRACE") throw new HttpError(405, "TRACE would show the request to whoever asks");
  const [, scheme, authority, path] = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)([^#]*)$/i.exec(head.target) ?? [];
  if (scheme === undefined || authority === undefined || path === undefined) {
    throw new HttpError(
      400,
      "this is a proxy: the request target must be an absolute http: URL, or CONNECT be used",
    );
  }
  if (scheme.toLowerCase() !== "http") {
    throw new HttpError(400, `this is a proxy: use CONNECT for ${scheme.toLowerCase()}: URLs`);
  }
  const host = parseHost(authority);
  checkHost(head, host, parseHost);
  const root = head.method === "OPTIONS" && path === "" ? "*" : "/";
  return { host, path: path.startsWith("/") ? path : path === "" ? root : `/${path}` };
}

function checkHost(head: RequestHead, target: HostPort, parseHost: (text: string) => HostPort): void {
  const [host] = head.fields.all("host");
  if (host === undefined) {
    if (head.minor > 0) throw new HttpError(400, "the request has no Host field");
    return;
  }
  if (parseHost(host).toString() !== target.toString()) {
    throw new HttpError(400, "the Host field is unlike the host of the request target");
  }
}

/** Whether the client asks to leave HTTP on this connection. */
export function isUpgrade(head: RequestHead): boolean {
  return head.minor > 0 && head.fields.members("connection").includes("upgrade") &&
    head.fields.all("upgrade").length > 0;
}

/** Whether the client's connection may take another request. HTTP/1.0 connections take one. */
export function keepsAlive(head: RequestHead): boolean {
  const options = [...head.fields.members("connection"), ...head.fields.members("proxy-connection")];
  return head.minor > 0 && !options.includes("close");
}

function endToEnd(fields: Fields): Field[] {
  const listed = new Set(fields.members("connection"));
  return fields.list.filter(({ name }) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !listed.has(lower);
  });
}

function framingFields(framing: Framing): string[] {
  if (framing.kind === "length") return [`Content-Length: ${framing.length}`];
  return framing.kind === "chunked" ? ["Transfer-Encoding: chunked"] : [];
}

function upgradeFields(fields: Fields): string[] {
  return ["Connection: Upgrade", ...fields.all("upgrade").map((value) => `Upgrade: ${value}`)];
}

function write(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  return toLatin1(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Writes the head that goes to the server: its own connection, the canonical host, no hop-by-hop fields. */
export function formatRequest(
  head: RequestHead,
  target: PlainTarget,
  framing: Framing,
): Uint8Array<ArrayBuffer> {
  const text = target.host.toString();
  return write([
    `${head.method} ${target.path} HTTP/1.1`,
    `Host: ${target.host.port === 80 ? text.replace(/:80$/, "") : text}`,
    ...endToEnd(head.fields).map(({ name, value }) => `${name}: ${value}`),
    ...framingFields(framing),
    ...(isUpgrade(head) ? upgradeFields(head.fields) : ["Connection: close"]),
  ]);
}

/**
 * Writes the head that goes to the client.
 *
 * @param head The server's response
 * @param framing How its body is sent on
 * @param keep Whether the client's connection stays open
 */
export function formatResponse(head: ResponseHead, framing: Framing, keep: boolean): Uint8Array<ArrayBuffer> {
  // For HEAD and 304 the length is a fact about another response, and passes.
  const lengths = framing.kind === "none" && head.status >= 200 && head.status !== 204
    ? head.fields.all("content-length").map((value) => `Content-Length: ${value}`)
    : [];
  return write([
    `HTTP/1.1 ${head.status} ${head.phrase}`,
    ...endToEnd(head.fields).map(({ name, value }) => `${name}: ${value}`),
    ...framingFields(framing),
    ...lengths,
    ...(head.status === 101 ? upgradeFields(head.fields) : keep ? [] : ["Connection: close"]),
  ]);
}
