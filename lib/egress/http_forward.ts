import type { HostPort } from "../host/host_port.ts";
import type { ProxyCredentials } from "../host/proxy_url.ts";
import type { Passage } from "./guarded_dialer.ts";
import type { Framing } from "./http_framing.ts";
import { type Fields, HttpError, type RequestHead, type ResponseHead } from "./http_head.ts";
import { toLatin1 } from "./latin1.ts";
import { proxyAuthorization } from "./upstream/proxy_authorization.ts";

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

/**
 * Protocols that would carry further requests, which nobody here could decide about. A server that is not offered them
 * goes on in HTTP/1.1 (RFC 9110 section 7.8); RFC 9113 section 3.1 has given up on h2c.
 */
const CARRIES_REQUESTS = /^(?:h2c|http|tls)(?:\/|$)/i;

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
  checkHost(head, authority, host, parseHost);
  const root = head.method === "OPTIONS" && path === "" ? "*" : "/";
  return { host, path: path.startsWith("/") ? path : path === "" ? root : `/${path}` };
}

function checkHost(
  head: RequestHead,
  authority: string,
  target: HostPort,
  parseHost: (text: string) => HostPort,
): void {
  const [host] = head.fields.all("host");
  if (host === undefined) {
    if (head.minor > 0) throw new HttpError(400, "the request has no Host field");
    return;
  }
  if (host !== authority && parseHost(host).toString() !== target.toString()) {
    throw new HttpError(400, "the Host field is unlike the host of the request target");
  }
}

/** Whether the client asks to leave HTTP on this connection. */
export function isUpgrade(head: RequestHead): boolean {
  return head.minor > 0 && head.fields.members("connection").includes("upgrade") &&
    offers(head.fields).length > 0;
}

/** The protocols that a request may change to. */
function offers(fields: Fields): string[] {
  return fields.all("upgrade").flatMap((value) => value.split(",")).map((one) => one.trim())
    .filter((one) => one !== "" && !CARRIES_REQUESTS.test(one));
}

/** Whether the connection may take another request, as far as this message says. HTTP/1.0 connections take one. */
export function keepsAlive(head: RequestHead | ResponseHead): boolean {
  const options = [...head.fields.members("connection"), ...head.fields.members("proxy-connection")];
  return head.minor > 0 && !options.includes("close");
}

function endToEnd(fields: Fields): string {
  const listed = fields.members("connection");
  let text = "";
  for (const { name, key, value } of fields.list) {
    if (!HOP_BY_HOP.has(key) && !listed.includes(key)) text += `${name}: ${value}\r\n`;
  }
  return text;
}

function framingField(framing: Framing): string {
  if (framing.kind === "length") return `Content-Length: ${framing.length}\r\n`;
  return framing.kind === "chunked" ? "Transfer-Encoding: chunked\r\n" : "";
}

function upgradeFields(protocols: readonly string[]): string {
  return `Connection: Upgrade\r\nUpgrade: ${protocols.join(", ")}\r\n`;
}

/** Tells the server that the client takes trailers, as the client has told us. */
function trailerFields(fields: Fields): string {
  return fields.members("te").includes("trailers") ? "TE: trailers\r\nConnection: TE\r\n" : "";
}

/**
 * Writes the head that goes to the server, or to the proxy before it: its own connection, the canonical host, no
 * hop-by-hop fields.
 */
export function formatRequest(
  head: RequestHead,
  target: PlainTarget,
  framing: Framing,
  passage: Pick<Passage, "absoluteForm" | "proxy">,
): Uint8Array<ArrayBuffer> {
  const text = target.host.toString();
  const host = target.host.port === 80 ? text.replace(/:80$/, "") : text;
  // OPTIONS for a whole server has no path in absolute form (RFC 9112 section 3.2.4).
  const absolute = `http://${host}${target.path === "*" ? "" : target.path}`;
  return toLatin1(
    `${head.method} ${passage.absoluteForm ? absolute : target.path} HTTP/1.1\r\nHost: ${host}\r\n` +
      endToEnd(head.fields) +
      framingField(framing) +
      (passage.absoluteForm ? authorizationField(passage.proxy?.credentials) : "") +
      (isUpgrade(head) ? upgradeFields(offers(head.fields)) : trailerFields(head.fields)) +
      "\r\n",
  );
}

function authorizationField(credentials: ProxyCredentials | undefined): string {
  return credentials === undefined ? "" : `Proxy-Authorization: ${proxyAuthorization(credentials)}\r\n`;
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
    ? head.fields.all("content-length").map((value) => `Content-Length: ${value}\r\n`).join("")
    : "";
  return toLatin1(
    `HTTP/1.1 ${head.status} ${head.phrase}\r\n` +
      endToEnd(head.fields) +
      framingField(framing) +
      lengths +
      (head.status === 101
        ? upgradeFields(head.fields.all("upgrade"))
        : keep
        ? ""
        : "Connection: close\r\n") +
      "\r\n",
  );
}
