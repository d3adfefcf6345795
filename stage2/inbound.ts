import { close } from "../lib/egress/close.ts";
import { INBOUND_ANSWER } from "../lib/launch/inbound_answer.ts";
import type { Traffic } from "./traffic.ts";

/** Connections in store at the host, each for the next one who uses a published port. */
const IN_STORE = 8;
/** Before the host is tried again: its queue was full, or there were no descriptors left. */
const RETRY_MS = 50;
/** A server whose queue is full leaves a dial without an answer; the host waits as long. */
const DIAL_MS = 10_000;

/** What of the sandbox the host may reach, and how it asks. */
export interface Inbound {
  /** The host's unix socket. */
  readonly path: string;
  /** Ports on the loopback here that are published; no other is dialed. */
  readonly ports: ReadonlySet<number>;
  readonly traffic: Traffic;
}

/**
 * Parses the list of published ports.
 *
 * @param text Ports with commas between them
 * @throws {RangeError} If it is anything else
 */
export function publishedPorts(text: string): Set<number> {
  const ports = text.split(",").map((port) => /^[1-9]\d{0,4}$/.test(port) ? Number(port) : 0);
  if (ports.every((port) => port >= 1 && port <= 65535)) return new Set(ports);
  throw new RangeError(`Cannot read TOMBOLO_STAGE2_PUBLISH: ${text}`);
}

/** Carries what comes to the published ports, until the host listens no more. */
export async function serveInbound(inbound: Inbound): Promise<void> {
  await Promise.all(Array.from({ length: IN_STORE }, () => keepInStore(inbound)));
}

async function keepInStore(inbound: Inbound): Promise<void> {
  for (;;) {
    try {
      const host = await Deno.connect({ transport: "unix", path: inbound.path });
      const port = await requestedPort(host);
      if (port === undefined) close(host);
      else void lead(host, port, inbound);
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

/** Waits for the host to ask; undefined where it hangs up instead. */
async function requestedPort(host: Deno.Conn): Promise<number | undefined> {
  const bytes = new Uint8Array(2);
  for (let received = 0; received < 2;) {
    const count = await host.read(bytes.subarray(received)).catch(() => null);
    if (count === null) return undefined;
    received += count;
  }
  return new DataView(bytes.buffer).getUint16(0);
}

async function lead(host: Deno.Conn, port: number, { ports, traffic }: Inbound): Promise<void> {
  const server = ports.has(port) ? await dial(port) : undefined;
  const { connected, refused } = INBOUND_ANSWER;
  try {
    await host.write(Uint8Array.of(server === undefined ? refused : connected));
  } catch {
    // It has not waited: the relay, if there is one, ends at once.
  }
  if (server === undefined) close(host);
  else await traffic.carry(host, server);
}

async function dial(port: number): Promise<Deno.Conn | undefined> {
  for (const hostname of ["127.0.0.1", "::1"]) {
    const server = await Deno.connect({ hostname, port, signal: AbortSignal.timeout(DIAL_MS) })
      .catch(() => undefined);
    if (server === undefined) continue;
    // Where nobody listens on a port of the range for clients, the kernel may connect a socket to itself.
    if (server.localAddr.port !== port) return server;
    close(server);
  }
  return undefined;
}
