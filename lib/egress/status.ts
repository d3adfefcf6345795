import type { HostPort } from "../host/host_port.ts";
import { escape, quote } from "../report/escape.ts";
import type { DialError, DialFailure } from "./dial.ts";
import type { HttpError } from "./http_head.ts";
import { toLatin1 } from "./latin1.ts";

const PHRASES = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  405: "Method Not Allowed",
  407: "Proxy Authentication Required",
  431: "Request Header Fields Too Large",
  502: "Bad Gateway",
  504: "Gateway Timeout",
} as const;

/** The statuses that the gateway gives of its own. */
export type Status = keyof typeof PHRASES;

/** What the gateway answers in its own name. */
export interface Answer {
  readonly status: Status;
  /** Error type of RFC 9209 section 2.3. */
  readonly error: string;
  readonly text: string;
}

const FAILURES: Readonly<Record<DialFailure, readonly [Status, string]>> = {
  "denied": [403, "http_request_denied"],
  "not-found": [502, "dns_error"],
  "resolve-timeout": [504, "dns_timeout"],
  "refused": [502, "connection_refused"],
  "network-unreachable": [502, "destination_ip_unroutable"],
  "unreachable": [502, "destination_unavailable"],
  "timeout": [504, "connection_timeout"],
  "aborted": [502, "proxy_internal_error"],
  "upstream-unreachable": [502, "destination_unavailable"],
  "upstream-tls": [502, "tls_protocol_error"],
  "upstream-certificate": [502, "tls_certificate_error"],
  "upstream-silent": [504, "connection_read_timeout"],
  "upstream-closed": [502, "connection_terminated"],
  "upstream-malformed": [502, "http_protocol_error"],
  "upstream-oversize": [502, "http_response_header_section_size"],
  "upstream-authentication": [502, "proxy_configuration_error"],
  "upstream-denied": [502, "destination_unavailable"],
  "upstream-failed": [502, "destination_unavailable"],
  "upstream-command": [502, "proxy_configuration_error"],
  "upstream-address-type": [502, "destination_unavailable"],
};

/** The answer to a target that was denied or could not be reached; names the rule and the flag that would allow it. */
export function dialAnswer(target: HostPort, error: DialError): Answer {
  const [status, type] = FAILURES[error.failure];
  const { rule, suggestion } = error.decision ?? {};
  if (error.failure !== "denied") {
    return {
      status,
      error: type,
      text: `cannot reach ${escape(target.toString())}: ${escape(error.message)}`,
    };
  }
  const why = rule ? `${error.message}: ${quote(rule.text)} of ${escape(rule.origin)}` : error.message;
  const flag = suggestion ? `; to allow: ${escape(suggestion)}` : "";
  return { status, error: type, text: `denied net ${escape(target.toString())} (${escape(why)})${flag}` };
}

/** The answer to a message that breaks the rules of HTTP. */
export function httpErrorAnswer({ status, message }: HttpError): Answer {
  const error = status === 502
    ? "http_protocol_error"
    : status === 504
    ? "http_response_timeout"
    : "http_request_error";
  return { status, error, text: escape(message) };
}

/** Response head that opens a tunnel. */
export const TUNNEL_OPEN: Uint8Array<ArrayBuffer> = toLatin1(
  "HTTP/1.1 200 OK\r\nProxy-Status: tombolo\r\n\r\n",
);

/** A string of a structured header (RFC 8941 3.3.3): printable ASCII only. */
function headerString(text: string): string {
  const ascii = text.replace(
    /[^\x20-\x7e]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
  return `"${ascii.slice(0, 512).replace(/[\\"]/g, "\\$&")}"`;
}

/**
 * Writes an answer out, with Proxy-Status (RFC 9209) and a short text body.
 *
 * @param answer What to say; its text must be escaped
 * @param options `close` says that the connection ends; `bodyless` leaves the body out, as for HEAD
 */
export function formatAnswer(
  answer: Answer,
  options: { close: boolean; bodyless: boolean },
): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(`tombolo: ${answer.text}\n`);
  const head = toLatin1([
    `HTTP/1.1 ${answer.status} ${PHRASES[answer.status]}`,
    `Proxy-Status: tombolo; error=${answer.error}; details=${headerString(answer.text)}`,
    ...(answer.status === 405 ? ["Allow: CONNECT, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"] : []),
    ...(answer.status === 407 ? ['Proxy-Authenticate: Basic realm="tombolo"'] : []),
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
    ...(options.close ? ["Connection: close"] : []),
    "\r\n",
  ].join("\r\n"));
  if (options.bodyless) return head;
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}
