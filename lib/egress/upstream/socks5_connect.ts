import type { HostPort } from "../../host/host_port.ts";
import type { ProxyCredentials, ProxyUrl } from "../../host/proxy_url.ts";
import { type ByteReader, writeAll } from "../byte_reader.ts";
import type { DialError, DialFailure } from "../dial.ts";
import { upstreamError } from "./upstream_error.ts";

const VERSION = 5;
const NO_AUTHENTICATION = 0;
const USERNAME_PASSWORD = 2;
/** Version of the sub-negotiation (RFC 1929). */
const PASSWORD_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** What the reply codes of RFC 1928 section 6 mean, from 1 on. */
const REPLIES: readonly (readonly [DialFailure, string])[] = [
  ["upstream-failed", "general failure"],
  ["upstream-denied", "connection not allowed"],
  ["network-unreachable", "network unreachable"],
  ["unreachable", "host unreachable"],
  ["refused", "connection refused"],
  ["timeout", "TTL expired"],
  ["upstream-command", "command not supported"],
  ["upstream-address-type", "address type not supported"],
];

/**
 * Asks a SOCKS5 proxy for a connection and waits until it is open. Names are the proxy's to resolve. What came behind
 * the reply stays in the reader.
 *
 * @param reader Reads from the connection to the proxy
 * @param proxy Its address, for the credentials and for what is said of it
 * @param target Where the connection is to lead
 * @throws {DialError} When the proxy refuses, ends, or sends what is no SOCKS5
 */
export async function socks5Connect(reader: ByteReader, proxy: ProxyUrl, target: HostPort): Promise<void> {
  await authenticate(reader, proxy);
  await writeAll(
    reader.connection,
    Uint8Array.of(VERSION, CONNECT, 0, ...addressBytes(target), target.port >> 8, target.port & 0xff),
  );
  const [version, reply = 0] = await read(reader, proxy, 2);
  if (version !== VERSION) throw malformed(proxy);
  // Some proxies end a refusal here.
  if (reply !== 0) throw refusal(proxy, reply);
  const [, type = 0] = await read(reader, proxy, 2);
  await read(reader, proxy, await boundAddressLength(reader, proxy, type) + 2);
}

async function authenticate(reader: ByteReader, proxy: ProxyUrl): Promise<void> {
  const { credentials } = proxy;
  const methods = credentials === undefined ? [NO_AUTHENTICATION] : [NO_AUTHENTICATION, USERNAME_PASSWORD];
  await writeAll(reader.connection, Uint8Array.of(VERSION, methods.length, ...methods));
  const [version, method = 0xff] = await read(reader, proxy, 2);
  if (version !== VERSION) throw malformed(proxy);
  if (!methods.includes(method)) {
    const what = credentials === undefined ? "asks for credentials" : "takes no user name and password";
    throw upstreamError(proxy, "upstream-authentication", what);
  }
  if (method === NO_AUTHENTICATION || credentials === undefined) return;
  await writeAll(reader.connection, passwordBytes(proxy, credentials));
  const [, status] = await read(reader, proxy, 2);
  if (status !== 0) throw upstreamError(proxy, "upstream-authentication", "refused the credentials");
}

/** RFC 1929 section 2. */
function passwordBytes(proxy: ProxyUrl, credentials: ProxyCredentials): Uint8Array {
  const [username, password] = [credentials.username, credentials.password].map((text) =>
    new TextEncoder().encode(text)
  );
  if (username === undefined || password === undefined || username.length > 255 || password.length > 255) {
    throw upstreamError(proxy, "upstream-authentication", "cannot take credentials above 255 bytes");
  }
  return Uint8Array.of(PASSWORD_VERSION, username.length, ...username, password.length, ...password);
}

function addressBytes({ host, address }: HostPort): number[] {
  if (address !== undefined) return [address.version === 4 ? IPV4 : IPV6, ...address.bytes];
  // A canonical name is ASCII and holds 253 bytes at most.
  return [NAME, host.length, ...new TextEncoder().encode(host)];
}

async function boundAddressLength(reader: ByteReader, proxy: ProxyUrl, type: number): Promise<number> {
  if (type === IPV4) return 4;
  if (type === IPV6) return 16;
  if (type !== NAME) throw malformed(proxy);
  const [length = 0] = await read(reader, proxy, 1);
  return length;
}

async function read(reader: ByteReader, proxy: ProxyUrl, count: number): Promise<Uint8Array> {
  const bytes = await reader.exactly(count);
  if (bytes !== undefined) return bytes;
  throw upstreamError(proxy, "upstream-closed", "closed the connection without an answer");
}

function malformed(proxy: ProxyUrl): DialError {
  return upstreamError(proxy, "upstream-malformed", "does not answer as a SOCKS5 proxy");
}

function refusal(proxy: ProxyUrl, reply: number): DialError {
  const [failure, text] = REPLIES[reply - 1] ?? ["upstream-malformed", "unknown"];
  return upstreamError(proxy, failure, `answered ${reply} (${text})`);
}
