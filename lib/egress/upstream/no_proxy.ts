import { HostError } from "../../host/host_error.ts";
import { HostPort, splitPort } from "../../host/host_port.ts";
import { IpAddress } from "../../host/ip_address.ts";

/** One entry that is understood. Without a port it holds for all. */
type Entry =
  | { readonly kind: "everything" }
  | { readonly kind: "name"; readonly name: string; readonly itself: boolean; readonly port?: number }
  | { readonly kind: "network"; readonly network: IpAddress; readonly bits: number; readonly port?: number };

const NETWORK = /^(\[?)([0-9A-Fa-f:.]+)(\]?)\/([0-9]{1,3})(\]?)(?::([^:]+))?$/;

/**
 * The hosts that no proxy is used for, as NO_PROXY lists them: separated by commas or spaces, each with an optional port.
 *
 * Clients differ; this is what Go does, which is also the part that curl agrees with. `corp.com` is the name and every
 * subdomain; `.corp.com` and `*.corp.com` are the subdomains alone (curl takes `.corp.com` for the name, too). An address may
 * stand in any notation, a network as CIDR; neither is compared with what a name resolves to. `*` is everything.
 */
export class NoProxy {
  private constructor(
    private readonly texts: readonly string[],
    private readonly entries: readonly Entry[],
    /** Entries that are not understood, as they were written; they match nothing. */
    readonly ignored: readonly string[],
  ) {}

  /**
   * Reads a list; never fails.
   *
   * @example
   * ```ts
   * import { HostPort } from "../../host/host_port.ts";
   * import { NoProxy } from "./no_proxy.ts";
   * const direct = NoProxy.parse("corp.com, 10.0.0.0/8");
   * direct.matches(HostPort.parse("a.corp.com:443")); // true
   * direct.matches(HostPort.parse("evilcorp.com:443")); // false
   * ```
   */
  static parse(text: string): NoProxy {
    const parsed = text.split(/[\s,]+/).filter((one) => one !== "").map((one) => ({
      one,
      entry: parseEntry(one),
    }));
    const entries = parsed.flatMap(({ entry }) => entry ?? []);
    const ignored = parsed.flatMap(({ one, entry }) => entry === undefined ? [one] : []);
    return new NoProxy(entries.map(format), entries, ignored);
  }

  /** Whether the host is reached without a proxy. A name is not resolved for it. */
  matches(target: HostPort): boolean {
    return this.entries.some((entry) => matches(entry, target));
  }

  /** What is understood, in canonical form. */
  toString(): string {
    return this.texts.join(",");
  }
}

function matches(entry: Entry, { host, address, port }: HostPort): boolean {
  if (entry.kind === "everything") return true;
  if (entry.port !== undefined && entry.port !== port) return false;
  if (entry.kind === "network") return address?.startsLike(entry.network, entry.bits) ?? false;
  // The dot belongs to the suffix: without it, `evilcorp.com` would pass for `corp.com`.
  return address === undefined && ((entry.itself && host === entry.name) || host.endsWith(`.${entry.name}`));
}

function format(entry: Entry): string {
  if (entry.kind === "everything") return "*";
  const port = entry.port === undefined ? "" : `:${entry.port}`;
  if (entry.kind === "name") return `${entry.itself ? "" : "."}${entry.name}${port}`;
  const network = entry.network.version === 6 ? `[${entry.network}]` : `${entry.network}`;
  const whole = entry.bits === entry.network.bytes.length * 8;
  return `${network}${whole ? "" : `/${entry.bits}`}${port}`;
}

function parseEntry(text: string): Entry | undefined {
  if (text === "*") return { kind: "everything" };
  try {
    return text.includes("/") ? parseNetwork(text) : parseHost(text);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

function withPort(text: string | undefined): { port?: number } {
  const port = text === undefined ? undefined : splitPort(`any:${text}`).port;
  return port === undefined ? {} : { port };
}

/** `10.0.0.0/8`, `fd00::/8`, `[fd00::]/8` or `[fd00::/8]`. Bits behind the prefix do not count, as in Go. */
function parseNetwork(text: string): Entry | undefined {
  const [match, open = "", host = "", inner = "", length = "", outer = "", port] = NETWORK.exec(text) ?? [];
  const address = IpAddress.parse(host);
  const bits = Number(length);
  const bracketed = open === "" ? inner + outer === "" : inner + outer === "]" && address?.version === 6;
  if (match === undefined || address === undefined || !bracketed || bits > address.bytes.length * 8) {
    return undefined;
  }
  const inside = bits >= 96 ? address.unmapped() : undefined;
  return {
    kind: "network",
    network: inside ?? address,
    bits: inside === undefined ? bits : bits - 96,
    ...withPort(port),
  };
}

function parseHost(text: string): Entry {
  const bare = IpAddress.parse(text);
  const { host, port } = bare?.version === 6 ? { host: text } : splitPort(text);
  const name = host.replace(/^\*?\./, "");
  const { host: canonical, address } = HostPort.of(name, port ?? 1);
  const own = port === undefined ? {} : { port };
  if (address === undefined) return { kind: "name", name: canonical, itself: name === host, ...own };
  if (name !== host) throw new HostError("Cannot parse host: a dot stands before an address");
  return { kind: "network", network: address, bits: address.bytes.length * 8, ...own };
}
