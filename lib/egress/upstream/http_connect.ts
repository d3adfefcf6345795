import type { HostPort } from "../../host/host_port.ts";
import type { ProxyUrl } from "../../host/proxy_url.ts";
import { type ByteReader, writeAll } from "../byte_reader.ts";
import type { DialError, DialFailure } from "../dial.ts";
import { fromLatin1 } from "../latin1.ts";
import { proxyAuthorization } from "./proxy_authorization.ts";
import { upstreamError } from "./upstream_error.ts";

const LONGEST_HEAD = 8 * 1024;
const LONGEST_PHRASE = 80;
const CR = 0x0d;
const LF = 0x0a;
const START = "HTTP/1.";
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: (.*))?$/s;

/**
 * Asks an HTTP proxy for a tunnel and waits until it is open. What came behind the answer's head belongs to the
 * tunnel and stays in the reader: a 2xx answer has no body, whatever its fields say (RFC 9110 9.3.6).
 *
 * @param reader Reads from the connection to the proxy
 * @param proxy Its address, for the credentials and for what is said of it
 * @param target Where the tunnel is to lead
 * @throws {DialError} When the proxy refuses, ends, or sends what is no answer
 */
export async function httpConnect(reader: ByteReader, proxy: ProxyUrl, target: HostPort): Promise<void> {
  const { credentials } = proxy;
  const lines = [
    `CONNECT ${target} HTTP/1.1`,
    `Host: ${target}`,
    ...(credentials === undefined ? [] : [`Proxy-Authorization: ${proxyAuthorization(credentials)}`]),
  ];
  await writeAll(reader.connection, new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
  for (let left = LONGEST_HEAD;;) {
    const { length, status, phrase } = await readHead(reader, proxy, left);
    reader.skip(length);
    left -= length;
    if (status >= 200 && status < 300) return;
    // 101 has no meaning here; other interim answers come before the final one.
    if (status >= 200 || status === 101) throw refusal(proxy, status, phrase);
  }
}

interface AnswerHead {
  /** In bytes, with the empty line. */
  readonly length: number;
  readonly status: number;
  readonly phrase: string;
}

async function readHead(reader: ByteReader, proxy: ProxyUrl, limit: number): Promise<AnswerHead> {
  for (;;) {
    const bytes = reader.buffered.subarray(0, limit);
    // Told from the first bytes on: a server of another protocol may wait for us, and never end its "head".
    const line = statusLine(bytes);
    if (line === undefined) {
      throw upstreamError(proxy, "upstream-malformed", "does not answer as an HTTP proxy");
    }
    const length = headLength(bytes);
    if (length > 0) return { ...line, length };
    if (bytes.length === limit) {
      throw upstreamError(proxy, "upstream-oversize", `answered with a head above ${LONGEST_HEAD} bytes`);
    }
    if (!(await reader.fill())) {
      throw upstreamError(proxy, "upstream-closed", "closed the connection without an answer");
    }
  }
}

/** Reads the first line, as far as it has come; undefined where it cannot become a status line any more. */
function statusLine(bytes: Uint8Array): Omit<AnswerHead, "length"> | undefined {
  const end = bytes.indexOf(LF);
  const text = fromLatin1(end < 0 ? bytes : bytes.subarray(0, end));
  if (end < 0) {
    return text.startsWith(START) || START.startsWith(text) ? { status: 0, phrase: "" } : undefined;
  }
  const [, status, phrase = ""] = STATUS_LINE.exec(text.replace(/\r$/, "")) ?? [];
  return status === undefined ? undefined : { status: Number(status), phrase };
}

/** The number of bytes up to and with the first empty line, of whichever line end; 0 where it has not come. */
function headLength(bytes: Uint8Array): number {
  for (let start = 0;;) {
    const end = bytes.indexOf(LF, start);
    if (end < 0) return 0;
    if (end === start || (end === start + 1 && bytes[start] === CR)) return end + 1;
    start = end + 1;
  }
}

function refusal(proxy: ProxyUrl, status: number, phrase: string): DialError {
  return upstreamError(proxy, failureOf(status), `answered ${status}${shownPhrase(proxy, phrase)}`);
}

function failureOf(status: number): DialFailure {
  // 401 has no meaning for a proxy, but tinyproxy answers so to a wrong password.
  if (status === 407 || status === 401) return "upstream-authentication";
  if (status === 403) return "upstream-denied";
  // Proxies answer so where it is the host behind them that fails.
  return status >= 500 ? "unreachable" : "upstream-failed";
}

/** The phrase is the proxy's to choose: cut, and left out where it repeats the credentials. */
function shownPhrase({ credentials }: ProxyUrl, phrase: string): string {
  const text = phrase.trim();
  const secrets = credentials === undefined
    ? []
    : [credentials.username, credentials.password, proxyAuthorization(credentials).slice("Basic ".length)];
  // As the phrase came: its bytes stand for one character each.
  const sent = secrets.map((secret) => fromLatin1(new TextEncoder().encode(secret)));
  if (text === "" || sent.some((secret) => secret !== "" && text.includes(secret))) return "";
  return ` ${text.slice(0, LONGEST_PHRASE)}`;
}
