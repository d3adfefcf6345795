import { quote } from "../report/escape.ts";
import { HostError } from "./host_error.ts";
import { HostPort } from "./host_port.ts";

/** Protocols that a proxy can be spoken to in, with the port that stands where none is written. */
const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 } as const;

/** How a proxy is spoken to; `https` is HTTP over TLS to the proxy itself. */
export type ProxyScheme = keyof typeof DEFAULT_PORTS;

/** User name and password for a proxy; never shown. */
export interface ProxyCredentials {
  readonly username: string;
  readonly password: string;
}

const SCHEMES: Readonly<Record<string, ProxyScheme>> = {
  http: "http",
  https: "https",
  socks5: "socks5",
  // Names are always the proxy's to resolve, which is what the "h" asks for.
  socks5h: "socks5",
  socks: "socks5",
};

const WANTED = "Cannot parse proxy address: wanted [SCHEME://][USER:PASSWORD@]HOST[:PORT]";

/** The address of a proxy, parsed once. Its text never holds the credentials. */
export class ProxyUrl {
  readonly #credentials: ProxyCredentials | undefined;

  private constructor(
    readonly scheme: ProxyScheme,
    readonly host: HostPort,
    credentials?: ProxyCredentials,
    /** How messages call it. */
    readonly title: string = `the upstream proxy ${scheme}://${host}`,
  ) {
    this.#credentials = credentials;
  }

  /**
   * Parses `scheme://[user[:password]@]host[:port][/]`. Without a scheme it is `http`, as curl has it.
   *
   * @throws {HostError} When the text is no proxy's address; the message does not show the text, which may hold a password
   *
   * @example
   * ```ts
   * import { ProxyUrl } from "./proxy_url.ts";
   * ProxyUrl.parse("http://me:secret@proxy.example:3128/").toString(); // "http://proxy.example:3128"
   * ```
   */
  static parse(text: string): ProxyUrl {
    const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(?:([^/?#]*)@)?([^/?#@]+)\/?$/.exec(text.trim());
    const [, written = "http", userinfo, authority] = match ?? [];
    if (authority === undefined) throw new HostError(WANTED);
    const scheme = Object.hasOwn(SCHEMES, written.toLowerCase()) ? SCHEMES[written.toLowerCase()] : undefined;
    if (scheme === undefined) {
      throw new HostError(
        `Cannot parse proxy address: scheme ${quote(written)} is not one of http, https, socks5, socks5h`,
      );
    }
    const host = hostOf(authority, DEFAULT_PORTS[scheme]);
    return new ProxyUrl(scheme, host, userinfo === undefined ? undefined : credentialsOf(userinfo));
  }

  /** Makes the address of a proxy on this host's loopback. */
  static loopback(scheme: ProxyScheme, port: number): ProxyUrl {
    return new ProxyUrl(scheme, HostPort.of("127.0.0.1", port));
  }

  /** Makes the address of an external proxy, which tombolo has started on this host's loopback. */
  static external(scheme: ProxyScheme, port: number): ProxyUrl {
    return new ProxyUrl(scheme, HostPort.of("127.0.0.1", port), undefined, "the external proxy");
  }

  /** For the request to the proxy alone: no log, event or message may hold it. */
  get credentials(): ProxyCredentials | undefined {
    return this.#credentials;
  }

  /** The address without credentials. */
  toString(): string {
    return `${this.scheme}://${this.host}`;
  }
}

function hostOf(authority: string, defaultPort: number): HostPort {
  try {
    return HostPort.parse(authority, defaultPort);
  } catch (error) {
    // Its own message would show the text: `user:password`, where the host has been forgotten.
    throw error instanceof HostError ? new HostError(WANTED) : error;
  }
}

function credentialsOf(userinfo: string): ProxyCredentials {
  const colon = userinfo.indexOf(":");
  const decode = (text: string) => {
    let decoded: string;
    try {
      decoded = decodeURIComponent(text);
    } catch {
      throw new HostError("Cannot parse proxy address: its credentials hold a broken percent escape");
    }
    // They go into a header, or behind a length byte.
    // deno-lint-ignore no-control-regex
    if (/[\x00-\x1f\x7f]/.test(decoded)) {
      throw new HostError("Cannot parse proxy address: its credentials hold a control character");
    }
    return decoded;
  };
  const username = decode(colon < 0 ? userinfo : userinfo.slice(0, colon));
  // RFC 7617 section 2: what stands before the first colon of the header is the name.
  if (username.includes(":")) {
    throw new HostError("Cannot parse proxy address: its user name holds a colon");
  }
  return { username, password: colon < 0 ? "" : decode(userinfo.slice(colon + 1)) };
}
