import { quote } from "../report/escape.ts";
import { HostError } from "./host_error.ts";
import { canonicalName } from "./host_name.ts";
import { IpAddress } from "./ip_address.ts";

const LONGEST_TEXT = 2048;

/** Parses a port in decimal, without sign or leading zero. */
export function parsePort(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw new HostError(`Cannot parse host: port ${quote(text)} is not a number`);
  if (text.length > 1 && text.startsWith("0")) {
    throw new HostError(`Cannot parse host: port ${quote(text)} starts with a zero`);
  }
  return checkedPort(Number(text));
}

function checkedPort(port: number): number {
  if (port > 65535) throw new HostError(`Cannot parse host: port ${port} is above 65535`);
  if (port < 1 || !Number.isInteger(port)) {
    throw new HostError(`Cannot parse host: port ${port} is not 1 to 65535`);
  }
  return port;
}

/** Splits `host`, `host:port`, `[v6]` or `[v6]:port`. The host keeps its brackets. */
export function splitPort(text: string): { host: string; port?: number } {
  if (text.length > LONGEST_TEXT) {
    throw new HostError(`Cannot parse host: ${text.length} characters are above ${LONGEST_TEXT}`);
  }
  const close = text.startsWith("[") ? text.indexOf("]") : -1;
  if (text.startsWith("[") && close < 0) {
    throw new HostError(`Cannot parse host: ${quote(text)} opens a bracket that it does not close`);
  }
  const colon = text.indexOf(":", close + 1);
  if (colon < 0) return { host: text };
  if (close < 0 && text.includes(":", colon + 1)) {
    throw new HostError(
      `Cannot parse host: ${quote(text)} holds several colons; an IPv6 address needs brackets`,
    );
  }
  if (colon === text.length - 1) {
    throw new HostError(`Cannot parse host: ${quote(text)} lacks a port after the colon`);
  }
  return { host: text.slice(0, colon), port: parsePort(text.slice(colon + 1)) };
}

/** Reads an address in any spelling, or undefined for what can only be a name. */
function parseAddress(host: string): IpAddress | undefined {
  const bracketed = host.startsWith("[");
  if (!bracketed && !host.includes(":")) return undefined;
  const address = bracketed && !host.endsWith("]") ? undefined : IpAddress.parse(host);
  if (address === undefined || address.version === 4) {
    if (host.includes("%")) throw new HostError(`Cannot parse host: ${quote(host)} holds a zone id`);
    throw new HostError(`Cannot parse host: ${quote(host)} is no IPv6 address`);
  }
  return address;
}

/** A host and a port that have been parsed once: a canonical name, or an address. */
export class HostPort {
  /** The canonical ASCII name, or the canonical address text without brackets. */
  readonly host: string;
  /** Set where the host is an address, in whatever spelling it came. */
  readonly address?: IpAddress;
  readonly port: number;

  private constructor(host: string | IpAddress, port: number) {
    this.host = host.toString();
    if (typeof host !== "string") this.address = host;
    this.port = port;
  }

  /**
   * Parses `host:port`. Every inet_aton spelling and every IPv4-in-IPv6 form is reduced to the address it means.
   *
   * @param text The text, IPv6 addresses in brackets
   * @param defaultPort The port where the text has none
   * @throws {HostError} When the text is no host, or has no port and there is no default
   *
   * @example
   * ```ts
   * import { HostPort } from "./host_port.ts";
   * HostPort.parse("Example.com.:443").toString(); // "example.com:443"
   * HostPort.parse("0x7f.1", 80).toString(); // "127.0.0.1:80"
   * ```
   */
  static parse(text: string, defaultPort?: number): HostPort {
    const { host, port = defaultPort } = splitPort(text);
    if (port === undefined) throw new HostError(`Cannot parse host: ${quote(text)} lacks a port`);
    return HostPort.of(host, port);
  }

  /**
   * Parses a host whose port is known. IPv6 addresses may stand without brackets.
   *
   * @throws {HostError} When the host or the port is none
   */
  static of(host: string, port: number): HostPort {
    const address = parseAddress(host);
    if (address !== undefined) return HostPort.ofAddress(address, port);
    const name = canonicalName(host);
    return new HostPort(IpAddress.parseLegacy(name) ?? name, checkedPort(port));
  }

  /** Makes the value of an address; an IPv4 address inside an IPv6 one is taken out. */
  static ofAddress(address: IpAddress, port: number): HostPort {
    return new HostPort(address.unmapped() ?? address, checkedPort(port));
  }

  /** The text that {@link HostPort.parse} takes; IPv6 addresses in brackets. */
  toString(): string {
    return this.address?.version === 6 ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
  }
}
