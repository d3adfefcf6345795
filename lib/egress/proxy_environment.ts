import type { ProxyCredentials } from "../host/proxy_url.ts";
import { PORT_PLACEHOLDER } from "./port_placeholder.ts";
import { type Proxy, ROWS } from "./proxy_variables.ts";

/** What clients are told of a proxy. */
export interface ProxyAddress {
  readonly port: number;
  /** Where it listens, IPv6 in brackets; 127.0.0.1 unless given. */
  readonly host?: string;
  /** What it speaks; both unless given. */
  readonly protocols?: readonly ("http" | "socks5")[];
  readonly credentials?: ProxyCredentials;
  /** File of CA certificates, where the clients see it. */
  readonly caBundle?: string;
  /** Shell text for ssh's ProxyCommand; {@linkcode PORT_PLACEHOLDER} stands for the port. */
  readonly sshProxyCommand?: string;
}

/** An environment whose port is known only later. */
export interface ProxyTemplate {
  readonly variables: ReadonlyMap<string, string>;
  /** Names of the variables that hold a URL, with port 0. */
  readonly urls: readonly string[];
  /** Names of the variables that hold {@linkcode PORT_PLACEHOLDER}. */
  readonly texts: readonly string[];
}

type Environment = ReadonlyMap<string, string>;

function userinfo(credentials: ProxyCredentials | undefined): string {
  if (credentials === undefined) return "";
  return `${encodeURIComponent(credentials.username)}:${encodeURIComponent(credentials.password)}@`;
}

function proxyOf(address: ProxyAddress, port: string): Proxy {
  const { host = "127.0.0.1", protocols = ["http", "socks5"], credentials, caBundle, sshProxyCommand } =
    address;
  const authority = `${userinfo(credentials)}${host}:${address.port}`;
  const http = protocols.includes("http");
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port,
    credentials,
    http: http ? `http://${authority}` : undefined,
    // The proxy resolves names, not the client.
    socks: protocols.includes("socks5") ? `socks5h://${authority}` : undefined,
    // It speaks CONNECT.
    sshProxyCommand: http ? sshProxyCommand?.replaceAll(PORT_PLACEHOLDER, port) : undefined,
    caBundle,
  };
}

// What the command has of its own stays, and so does what would take its effect away.
function variablesFor(proxy: Proxy, own: Environment): Map<string, string> {
  const variables = new Map<string, string>();
  for (const { name, value, unless = [], joins = false } of ROWS) {
    const text = value(proxy);
    const mine = own.get(name);
    if (text === undefined || unless.some((other) => own.has(other))) continue;
    if (mine === undefined) variables.set(name, text);
    else if (joins) variables.set(name, `${text} ${mine}`);
  }
  return variables;
}

/**
 * The variables that make clients use a proxy.
 *
 * @param address Where it listens and what it speaks
 * @param own What the clients' environment holds already; those variables are left out, or extended where that is
 * possible
 * @returns Names and values
 *
 * @example
 * ```ts
 * import { proxyEnvironment } from "./proxy_environment.ts";
 * proxyEnvironment({ port: 8123 }).get("ALL_PROXY"); // "socks5h://127.0.0.1:8123"
 * ```
 */
export function proxyEnvironment(address: ProxyAddress, own: Environment = new Map()): Map<string, string> {
  return variablesFor(proxyOf(address, String(address.port)), own);
}

/**
 * As {@linkcode proxyEnvironment}, where the port is known only inside the sandbox; stage2 puts it in.
 *
 * @param address What is known of the proxy
 * @param own What the command's environment holds already
 */
export function proxyTemplate(
  address: Omit<ProxyAddress, "port">,
  own: Environment = new Map(),
): ProxyTemplate {
  const variables = variablesFor(proxyOf({ ...address, port: 0 }, PORT_PLACEHOLDER), own);
  const namesWith = (text: string) =>
    [...variables].filter(([, value]) => value.includes(text)).map(([name]) => name);
  return { variables, urls: namesWith("://"), texts: namesWith(PORT_PLACEHOLDER) };
}
