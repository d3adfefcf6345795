import { ByteCursor } from "./byte_cursor.ts";
import { collectHandshake } from "./tls_records.ts";

/** Most bytes of a ClientHello with its records; with post-quantum keys and tickets one takes 2 to 4 KiB. */
export const LONGEST_CLIENT_HELLO: number = 32 * 1024;

const CLIENT_HELLO = 1;
const MAJOR_VERSION = 3;
const RANDOM_BYTES = 32;
const LONGEST_SESSION_ID = 32;
const SERVER_NAME = 0;
const HOST_NAME = 0;
/** As DNS and every TLS library have it; RFC 6066 itself sets no limit. */
const LONGEST_HOST_NAME = 255;
/** encrypted_client_hello (RFC 9849), and encrypted_server_name of the drafts before it. */
const HIDES_NAME: ReadonlySet<number> = new Set([0xfe0d, 0xffce]);

/** Bytes that are no ClientHello, or one that could be read in two ways. The message is safe to show. */
export class ClientHelloError extends Error {
  override readonly name = "ClientHelloError";
}

/** What a ClientHello says about the server that it is for. */
export interface ClientHello {
  readonly complete: true;
  /** How many bytes it takes, with its records. */
  readonly length: number;
  /** The server_name as sent; ASCII, not checked further. */
  readonly serverName?: string;
  /** Whether it holds a second, encrypted ClientHello, which may name another server. */
  readonly hidesName: boolean;
}

/** So far so good. */
export interface PartialClientHello {
  readonly complete: false;
  /** At least so many bytes are missing. */
  readonly missing: number;
}

/**
 * Reads a ClientHello in its records (RFC 8446 sections 4.1.2 and 5.1, RFC 5246 section 7.4.1.2, RFC 6066 section 3).
 * Values that it does not know, GREASE (RFC 8701) among them, are passed over; what could be read in two ways is an
 * error.
 *
 * @param bytes What a client has sent, from its first byte on; more may follow the ClientHello's records
 * @throws {ClientHelloError} When this is no ClientHello, and none can become of it
 *
 * @example
 * ```ts
 * import { parseClientHello } from "./client_hello.ts";
 * parseClientHello(Uint8Array.of(0x16, 3, 1)); // { complete: false, missing: 6 }
 * ```
 */
export function parseClientHello(bytes: Uint8Array): ClientHello | PartialClientHello {
  const collected = collectHandshake(bytes, { type: CLIENT_HELLO, longest: LONGEST_CLIENT_HELLO, fail });
  if ("missing" in collected) return { complete: false, missing: collected.missing };
  return { complete: true, length: collected.length, ...readBody(new ByteCursor(collected.body, fail)) };
}

function fail(message: string): never {
  throw new ClientHelloError(message);
}

function readBody(body: ByteCursor): Pick<ClientHello, "serverName" | "hidesName"> {
  const [major] = body.take(2, "version");
  if (major !== MAJOR_VERSION) fail(`its version is ${major}.x`);
  body.take(RANDOM_BYTES, "random value");
  if (body.vector(1, "session id").left > LONGEST_SESSION_ID) fail("its session id is too long");
  const suites = body.vector(2, "list of cipher suites").left;
  if (suites === 0 || suites % 2 !== 0) fail(`its list of cipher suites has ${suites} bytes`);
  if (body.vector(1, "list of compression methods").left === 0) fail("it has no compression method");
  // Before TLS 1.3 the extensions may be left out altogether.
  if (body.left === 0) return { hidesName: false };
  const extensions = body.vector(2, "list of extensions");
  body.end("the extensions");
  return readExtensions(extensions);
}

function readExtensions(extensions: ByteCursor): Pick<ClientHello, "serverName" | "hidesName"> {
  const types = new Set<number>();
  let serverName: string | undefined;
  while (extensions.left > 0) {
    const type = extensions.number(2, "extension type");
    const data = extensions.vector(2, "extension");
    if (types.has(type)) fail(`it has two extensions of type ${type}`);
    types.add(type);
    if (type === SERVER_NAME) serverName = readServerName(data);
  }
  const hidesName = [...HIDES_NAME].some((type) => types.has(type));
  return { hidesName, ...(serverName === undefined ? {} : { serverName }) };
}

/** RFC 6066 allows one name of each type, and knows one type. */
function readServerName(data: ByteCursor): string {
  const list = data.vector(2, "list of server names");
  data.end("the list of server names");
  const type = list.number(1, "type of server name");
  if (type !== HOST_NAME) fail(`its server name is of type ${type}`);
  const name = list.vector(2, "server name");
  if (list.left > 0) fail("it names several servers");
  if (name.left === 0) fail("its server name is empty");
  if (name.left > LONGEST_HOST_NAME) fail(`its server name has ${name.left} bytes`);
  const bytes = name.take(name.left, "server name");
  if (bytes.some((byte) => byte === 0 || byte > 0x7f)) fail("its server name is not ASCII");
  return String.fromCharCode(...bytes);
}
