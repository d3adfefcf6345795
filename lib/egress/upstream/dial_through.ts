import { HostPort } from "../../host/host_port.ts";
import type { ProxyUrl } from "../../host/proxy_url.ts";
import { ByteReader } from "../byte_reader.ts";
import { close } from "../close.ts";
import { Deadline } from "../deadline.ts";
import {
  checkAnswers,
  CONNECT_MS,
  connectFirst,
  type Dialed,
  DialError,
  type DialOptions,
  resolve,
} from "../dial.ts";
import type { Via } from "../guarded_dialer.ts";
import { httpConnect } from "./http_connect.ts";
import { socks5Connect } from "./socks5_connect.ts";
import { upstreamError } from "./upstream_error.ts";

/**
 * Connects to a host through a proxy. A name is sent on unresolved, for the proxy may be the only one who knows it; an
 * address, or what the policy fixes a name to, is guarded as on a direct dial.
 *
 * @param proxy The user's choice: its own address is not guarded
 * @param target The host, already allowed by `decideHost`
 * @param via How the client asked; plain HTTP goes to an HTTP proxy in absolute form, as many let CONNECT reach port 443 only
 * @param options Policy, resolver and limits
 * @param tunnel Keeps a plain request out of absolute form
 * @throws {DialError} When the policy refuses an address, or the proxy does not connect
 */
export async function dialThrough(
  proxy: ProxyUrl,
  target: HostPort,
  via: Via,
  options: DialOptions,
  tunnel = false,
): Promise<Dialed> {
  const end = destination(target, options);
  const tcp = await connectTo(proxy, options);
  const hop = new Hop(proxy, tcp, options);
  try {
    if (proxy.scheme === "https") await hop.secure();
    if (via === "http" && !tunnel && proxy.scheme !== "socks5" && end === target) {
      return { connection: hop.connection, proxy, absoluteForm: true };
    }
    const reader = new ByteReader(hop.connection);
    if (proxy.scheme === "socks5") await socks5Connect(reader, proxy, end);
    else await httpConnect(reader, proxy, end);
    const early = reader.take();
    // Whatever it is, it is no response: nothing has been asked.
    if (via === "http" && early.length > 0) {
      throw upstreamError(proxy, "upstream-malformed", "passed bytes on before the request");
    }
    return { connection: hop.connection, proxy, ...(early.length === 0 ? {} : { early }) };
  } catch (error) {
    close(hop.connection);
    throw hop.explain(error);
  } finally {
    hop.clear();
  }
}

/** How a connection ends that the other side has given up. */
const ENDED = [
  Deno.errors.ConnectionReset,
  Deno.errors.ConnectionAborted,
  Deno.errors.BrokenPipe,
  Deno.errors.UnexpectedEof,
];

/** What the proxy is asked for: the target itself, or the checked address that the policy fixes for its name. */
function destination(target: HostPort, options: DialOptions): HostPort {
  const fixed = target.address === undefined ? options.policy.resolve.get(target.host) : [target.address];
  if (fixed === undefined) return target;
  const [address] = checkAnswers(target, fixed, options);
  return address === undefined || target.address !== undefined
    ? target
    : HostPort.ofAddress(address, target.port);
}

async function connectTo(proxy: ProxyUrl, options: DialOptions): Promise<Deno.Conn> {
  try {
    const addresses = await resolve(proxy.host, options);
    if (addresses.length === 0) throw new DialError("not-found", "its name has no address");
    return (await connectFirst(addresses, proxy.host.port, options)).connection;
  } catch (error) {
    if (!(error instanceof DialError) || error.failure === "aborted") throw error;
    const late = error.failure === "timeout" || error.failure === "resolve-timeout";
    throw upstreamError(
      proxy,
      late ? error.failure : "upstream-unreachable",
      `cannot be reached: ${error.message}`,
    );
  }
}

/** The connection to the proxy until it is a tunnel: closed when the time is up or the gateway closes. */
class Hop {
  #connection: Deno.Conn;
  readonly #deadline: Deadline;

  constructor(readonly proxy: ProxyUrl, tcp: Deno.Conn, private readonly options: DialOptions) {
    this.#connection = tcp;
    this.#deadline = new Deadline(options.connectTimeout ?? CONNECT_MS, options.signal);
    this.#deadline.signal.addEventListener("abort", () => close(this.#connection), { once: true });
    if (this.#deadline.signal.aborted) close(tcp);
  }

  get connection(): Deno.Conn {
    return this.#connection;
  }

  /** Speaks TLS from here on, whatever the tunnel carries. */
  async secure(): Promise<void> {
    const { host, address } = this.proxy.host;
    const tcp = this.#connection as Deno.TcpConn;
    // It cannot be set any more once the connection is inside TLS.
    tcp.setNoDelay(true);
    try {
      const tls = await Deno.startTls(tcp, {
        hostname: address?.toString() ?? host,
        caCerts: [...this.options.caCerts ?? []],
      });
      this.#connection = tls;
      this.#deadline.signal.throwIfAborted();
      await tls.handshake();
    } catch (error) {
      throw this.#tlsError(error);
    }
  }

  /** What came of it, in the words for the client. */
  explain(error: unknown): unknown {
    if (this.options.signal?.aborted) return new DialError("aborted", "the gateway is closing");
    if (this.#deadline.passed) return upstreamError(this.proxy, "upstream-silent", "did not answer in time");
    if (!ENDED.some((kind) => error instanceof kind)) return error;
    return upstreamError(this.proxy, "upstream-closed", "closed the connection without an answer");
  }

  clear(): void {
    this.#deadline.clear();
  }

  #tlsError(error: unknown): unknown {
    if (!(error instanceof Deno.errors.InvalidData)) return error;
    const certificate = error.message.startsWith("invalid peer certificate");
    return upstreamError(
      this.proxy,
      certificate ? "upstream-certificate" : "upstream-tls",
      `cannot be spoken to over TLS: ${error.message.slice(0, 200)}`,
    );
  }
}
