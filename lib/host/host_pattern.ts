import { quote } from "../report/escape.ts";
import { HostError } from "./host_error.ts";
import { HostPort, parsePort, splitPort } from "./host_port.ts";
import { IpAddress } from "./ip_address.ts";

/** What a pattern speaks about. */
export type HostPatternKind = "name" | "suffix" | "address" | "cidr";

type Subject =
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "suffix"; readonly name: string }
  | { readonly kind: "address" | "cidr"; readonly network: IpAddress; readonly bits: number };

/** The host side of a rule: a name, every subdomain of a name, an address, or a network; with or without a port. */
export class HostPattern {
  readonly #subject: Subject;
  /** Absent where every port matches. */
  readonly port?: number;

  private constructor(subject: Subject, port: number | undefined) {
    this.#subject = subject;
    if (port !== undefined) this.port = port;
  }

  /**
   * Parses `example.com`, `*.example.com`, `10.1.2.3`, `10.1.0.0/16`, `[fd00::1]`, `[fd00::]/8` or `[fd00::/8]`, each
   * with an optional `:port`.
   *
   * @throws {HostError} When the text is no pattern
   *
   * @example
   * ```ts
   * import { HostPattern } from "./host_pattern.ts";
   * import { HostPort } from "./host_port.ts";
   * HostPattern.parse("*.example.com:443").matches(HostPort.parse("a.b.example.com:443")); // true
   * ```
   */
  static parse(text: string): HostPattern {
    if (text.trim() === "") throw new HostError("Cannot parse host pattern: it is empty");
    if (text === "*" || text.startsWith("*:")) {
      throw new HostError(
        `Cannot parse host pattern: ${
          quote(text)
        } is not a host; for every public host give the flag without a list`,
      );
    }
    return text.includes("/") ? parseNetwork(text) : parseHost(text);
  }

  /** @internal Used by the parser beside this class. */
  static make(subject: Subject, port: number | undefined): HostPattern {
    return new HostPattern(subject, port);
  }

  /** `name`, `suffix` (a leading `*.`), `address` or `cidr`. */
  get kind(): HostPatternKind {
    return this.#subject.kind;
  }

  /** Whether the pattern names this host. A name is not resolved, so an address pattern matches addresses only. */
  matches(target: HostPort): boolean {
    if (target.address !== undefined) return this.matchesAddress(target.address, target.port);
    if (!this.#matchesPort(target.port)) return false;
    const subject = this.#subject;
    if (subject.kind === "name") return target.host === subject.name;
    // The dot belongs to the suffix: without it, `notexample.com` would pass for `*.example.com`.
    return subject.kind === "suffix" && target.host.endsWith(`.${subject.name}`);
  }

  /** Whether the pattern names this address, directly or by its network. */
  matchesAddress(address: IpAddress, port: number): boolean {
    const subject = this.#subject;
    if (subject.kind === "name" || subject.kind === "suffix" || !this.#matchesPort(port)) return false;
    return (address.unmapped() ?? address).startsLike(subject.network, subject.bits);
  }

  #matchesPort(port: number): boolean {
    return this.port === undefined || this.port === port;
  }

  /** The canonical text of the pattern. */
  toString(): string {
    const port = this.port === undefined ? "" : `:${this.port}`;
    const subject = this.#subject;
    if (subject.kind === "name") return subject.name + port;
    if (subject.kind === "suffix") return `*.${subject.name}${port}`;
    const network = subject.network.version === 6 ? `[${subject.network}]` : subject.network.toString();
    return subject.kind === "cidr" ? `${network}/${subject.bits}${port}` : network + port;
  }
}

function parseHost(text: string): HostPattern {
  const { host, port } = splitPort(text);
  const wildcard = host.startsWith("*.");
  const rest = wildcard ? host.slice(2) : host;
  if (rest.includes("*")) {
    throw new HostError(
      `Cannot parse host pattern: ${quote(text)} holds "*" elsewhere than as the first label`,
    );
  }
  // Any port does here: only the host of it is read.
  const target = HostPort.of(rest, port ?? 1);
  if (target.address === undefined) {
    return HostPattern.make({ kind: wildcard ? "suffix" : "name", name: target.host }, port);
  }
  if (wildcard) {
    throw new HostError(
      `Cannot parse host pattern: ${
        quote(text)
      } puts "*" before an address; write a network such as 10.0.0.0/8`,
    );
  }
  return HostPattern.make(
    { kind: "address", network: target.address, bits: target.address.bytes.length * 8 },
    port,
  );
}

/** `10.1.0.0/16`, `[fd00::]/8` and `[fd00::/8]`, each with an optional port. */
function parseNetwork(text: string): HostPattern {
  const match = /^(?:\[([^\]/]*)\]\/([0-9]+)|\[([^\]/]*)\/([0-9]+)\]|([^[\]/:]*)\/([0-9]+))(?::([^:]*))?$/
    .exec(text);
  const inside = match?.[1] ?? match?.[3];
  const address = IpAddress.parse(inside ?? match?.[5] ?? "");
  // Brackets hold IPv6 and nothing else; without them only IPv4 can stand.
  if (match === null || address === undefined || (inside === undefined) !== (address.version === 4)) {
    throw new HostError(
      `Cannot parse host pattern: ${
        quote(text)
      } is no network; write 10.1.0.0/16 or [fd00::]/8, with an optional :port`,
    );
  }
  const bits = Number(match[2] ?? match[4] ?? match[6]);
  if (bits > address.bytes.length * 8) {
    throw new HostError(
      `Cannot parse host pattern: prefix length ${bits} is above ${address.bytes.length * 8}`,
    );
  }
  checkHostBits(text, address, bits);
  const port = match[7] === undefined ? undefined : parsePort(match[7]);
  const inner = bits >= 96 ? address.unmapped() : undefined;
  return HostPattern.make({ kind: "cidr", network: inner ?? address, bits: inner ? bits - 96 : bits }, port);
}

function checkHostBits(text: string, address: IpAddress, bits: number): void {
  const network = IpAddress.of(
    address.bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)))),
  );
  if (network.equals(address)) return;
  const right = network.version === 6 ? `[${network}]/${bits}` : `${network}/${bits}`;
  throw new HostError(`Cannot parse host pattern: ${quote(text)} has host bits set; the network is ${right}`);
}
