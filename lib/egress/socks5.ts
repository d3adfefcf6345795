import { HostError } from "../host/host_error.ts";
import { HostPort } from "../host/host_port.ts";
import { IpAddress } from "../host/ip_address.ts";
import { WRONG_CREDENTIAL } from "./authenticate.ts";
import { writeAll } from "./byte_reader.ts";
import type { Client } from "./client.ts";
import { DialError, type DialFailure } from "./dial.ts";
import type { ListenerCredential } from "./listener_credential.ts";
import { tunnel } from "./tunnel.ts";

/** First byte of every SOCKS5 message (RFC 1928). */
export const SOCKS5_VERSION = 5;

const NO_AUTHENTICATION = 0x00;
const USERNAME_PASSWORD = 0x02;
const NO_ACCEPTABLE_METHOD = 0xff;
/** Version of the negotiation of RFC 1929, and its answers. */
const NEGOTIATION = { version: 1, succeeded: 0, failed: 1 } as const;
const CONNECT = 1;
const REPLY = {
  succeeded: 0,
  generalFailure: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  connectionRefused: 5,
  ttlExpired: 6,
  commandNotSupported: 7,
  addressTypeNotSupported: 8,
} as const;

const FAILURES: Readonly<Record<DialFailure, number>> = {
  "denied": REPLY.notAllowed,
  "not-found": REPLY.hostUnreachable,
  "resolve-timeout": REPLY.ttlExpired,
  "refused": REPLY.connectionRefused,
  "network-unreachable": REPLY.networkUnreachable,
  "unreachable": REPLY.hostUnreachable,
  "timeout": REPLY.ttlExpired,
  "aborted": REPLY.generalFailure,
  "upstream-unreachable": REPLY.generalFailure,
  "upstream-tls": REPLY.generalFailure,
  "upstream-certificate": REPLY.generalFailure,
  "upstream-silent": REPLY.ttlExpired,
  "upstream-closed": REPLY.generalFailure,
  "upstream-malformed": REPLY.generalFailure,
  "upstream-oversize": REPLY.generalFailure,
  "upstream-authentication": REPLY.generalFailure,
  "upstream-denied": REPLY.notAllowed,
  "upstream-failed": REPLY.generalFailure,
  "upstream-command": REPLY.commandNotSupported,
  "upstream-address-type": REPLY.addressTypeNotSupported,
};

/** A request that is answered with a reply code and the end of the connection. */
class Refusal extends Error {
  constructor(readonly reply: number) {
    super(`reply ${reply}`);
  }
}

/** A message that is no SOCKS5, or cut off: nothing is answered. */
class Malformed extends Error {}

/** Serves one SOCKS5 connection: CONNECT only, with the listener's credential where it asks for one. */
export async function serveSocks5(client: Client): Promise<void> {
  try {
    await negotiate(client);
    const { command, host, port } = await readRequest(client);
    client.handshake.done();
    if (command !== CONNECT) throw new Refusal(REPLY.commandNotSupported);
    await connect(client, parseTarget(client, host, port));
  } catch (error) {
    if (error instanceof Refusal) await writeAll(client.connection, replyBytes(error.reply)).catch(() => {});
    else if (!(error instanceof Malformed)) throw error;
  }
}

async function read(client: Client, count: number): Promise<Uint8Array> {
  const bytes = await client.reader.exactly(count, client.handshake);
  if (bytes === undefined) throw new Malformed();
  return bytes;
}

async function negotiate(client: Client): Promise<void> {
  const [version, count = 0] = await read(client, 2);
  if (version !== SOCKS5_VERSION || count === 0) throw new Malformed();
  const methods = await read(client, count);
  const wanted = client.credential === undefined ? NO_AUTHENTICATION : USERNAME_PASSWORD;
  const method = methods.includes(wanted) ? wanted : NO_ACCEPTABLE_METHOD;
  await writeAll(client.connection, Uint8Array.of(SOCKS5_VERSION, method));
  if (method === NO_ACCEPTABLE_METHOD) throw new Malformed();
  if (client.credential !== undefined) await checkCredential(client, client.credential);
}

/** The negotiation of RFC 1929; after a failure the connection must be closed. */
async function checkCredential(client: Client, credential: ListenerCredential): Promise<void> {
  const [version, length = 0] = await read(client, 2);
  if (version !== NEGOTIATION.version) throw new Malformed();
  const username = await read(client, length);
  const [passwordLength = 0] = await read(client, 1);
  const isRight = credential.matches(username, await read(client, passwordLength));
  const status = isRight ? NEGOTIATION.succeeded : NEGOTIATION.failed;
  await writeAll(client.connection, Uint8Array.of(NEGOTIATION.version, status));
  if (isRight) return;
  client.dialer.refuse("SOCKS5", WRONG_CREDENTIAL);
  throw new Malformed();
}

interface Request {
  readonly command: number;
  /** The raw bytes of a name, or an address. */
  readonly host: IpAddress | Uint8Array;
  readonly port: number;
}

async function readRequest(client: Client): Promise<Request> {
  const [version, command = 0, reserved, type = 0] = await read(client, 4);
  if (version !== SOCKS5_VERSION || reserved !== 0) throw new Malformed();
  const host = await readHost(client, type);
  const [high = 0, low = 0] = await read(client, 2);
  return { command, host, port: high << 8 | low };
}

async function readHost(client: Client, type: number): Promise<IpAddress | Uint8Array> {
  if (type === 1) return IpAddress.of(await read(client, 4));
  if (type === 4) return IpAddress.of(await read(client, 16));
  if (type !== 3) throw new Refusal(REPLY.addressTypeNotSupported);
  const [length = 0] = await read(client, 1);
  return await read(client, length);
}

function parseTarget(client: Client, host: IpAddress | Uint8Array, port: number): HostPort {
  const text = host instanceof IpAddress
    ? host.toString()
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(host);
  try {
    // A byte that is not UTF-8 decodes to U+FFFD, which no host name may hold.
    return host instanceof IpAddress ? HostPort.ofAddress(host, port) : HostPort.of(text, port);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    client.dialer.refuse(`${text}:${port}`, error.message);
    throw new Refusal(REPLY.generalFailure);
  }
}

/** Writes a reply. The bound address is left out: it would only tell about the host. */
function replyBytes(code: number): Uint8Array {
  return Uint8Array.of(SOCKS5_VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0);
}

async function connect(client: Client, target: HostPort): Promise<void> {
  let passage;
  try {
    passage = await client.dialer.open(target, "socks5");
  } catch (error) {
    throw error instanceof DialError ? new Refusal(FAILURES[error.failure]) : error;
  }
  await tunnel(client, passage, replyBytes(REPLY.succeeded));
}
