import { classify } from "../host/address_class.ts";
import type { HostPort } from "../host/host_port.ts";
import type { IpAddress } from "../host/ip_address.ts";
import type { ProxyUrl } from "../host/proxy_url.ts";
import { isLocalhostName, localhostAddresses } from "../host/special_name.ts";
import { decideAddress, type HostDecision } from "../policy/decide_host.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import { Deadline } from "./deadline.ts";
import { type Connect, raceConnections, type Raced } from "./happy_eyeballs.ts";
import { type Resolver, untilAborted } from "./resolve.ts";

export type { Connect } from "./happy_eyeballs.ts";

const RESOLVE_MS = 10_000;
/** Unless {@linkcode DialOptions.connectTimeout} says otherwise. */
export const CONNECT_MS = 10_000;

/** What a dial needs from outside. */
export interface DialOptions {
  readonly policy: NetPolicy;
  readonly resolver: Resolver;
  readonly connect?: Connect;
  readonly ownAddresses: () => readonly IpAddress[];
  /** Milliseconds for the look-up; 10,000 unless given. */
  readonly resolveTimeout?: number;
  /** Milliseconds for all attempts to connect, and again for the answer of a proxy; 10,000 unless given. */
  readonly connectTimeout?: number;
  readonly signal?: AbortSignal;
  /** Certificates (PEM) that are trusted beside the runtime's own, for a proxy that is spoken to over TLS. */
  readonly caCerts?: readonly string[];
}

/** Why a dial failed; `upstream-*` where the proxy in between is the cause. */
export type DialFailure =
  | "denied"
  | "not-found"
  | "resolve-timeout"
  | "refused"
  | "network-unreachable"
  | "unreachable"
  | "timeout"
  | "aborted"
  | "upstream-unreachable"
  | "upstream-tls"
  | "upstream-certificate"
  | "upstream-silent"
  | "upstream-closed"
  | "upstream-malformed"
  | "upstream-oversize"
  | "upstream-authentication"
  | "upstream-denied"
  | "upstream-failed"
  | "upstream-command"
  | "upstream-address-type";

/** A dial that came to nothing: by the policy (`denied`, with the decision) or by the network. */
export class DialError extends Error {
  override readonly name = "DialError";

  constructor(readonly failure: DialFailure, message: string, readonly decision?: HostDecision) {
    super(message);
  }
}

/** A connection to a host, direct or through a proxy. */
export interface Dialed {
  readonly connection: Deno.Conn;
  /** The checked address that it goes to; absent where a proxy dials. */
  readonly address?: IpAddress;
  /** The proxy that stands between. */
  readonly proxy?: ProxyUrl;
  /** What the far side has sent together with the proxy's answer. */
  readonly early?: Uint8Array<ArrayBuffer>;
  /** Whether plain requests go to that proxy in absolute form (RFC 9112 section 3.2.2). */
  readonly absoluteForm?: boolean;
}

const connectTcp: Connect = (hostname, port, signal) => Deno.connect({ hostname, port, signal });

/**
 * Connects to a host that a policy allows. The name is resolved once, every answer is checked, and a checked
 * address is the one dialed, as literal text: a second answer of the resolver can change nothing.
 *
 * @param target The host, already allowed by `decideHost`
 * @param options Policy, resolver and limits
 * @throws {DialError} When the policy refuses every answer, or nothing answers
 */
export async function dial(target: HostPort, options: DialOptions): Promise<Dialed> {
  const addresses = checkAnswers(target, await resolve(target, options), options);
  return await connectFirst(addresses, target.port, options);
}

/**
 * The addresses of a host: its own, those that the policy fixes, or what the resolver answers. Nothing is checked.
 *
 * @throws {DialError} When the look-up fails
 */
export async function resolve(target: HostPort, options: DialOptions): Promise<readonly IpAddress[]> {
  if (target.address !== undefined) return [target.address];
  const fixed = options.policy.resolve.get(target.host);
  if (fixed !== undefined) return fixed;
  if (isLocalhostName(target.host)) return localhostAddresses();
  const deadline = new Deadline(options.resolveTimeout ?? RESOLVE_MS, options.signal);
  try {
    return await untilAborted(options.resolver(target.host, deadline.signal), deadline.signal);
  } catch {
    if (options.signal?.aborted) throw new DialError("aborted", "the gateway is closing");
    if (deadline.passed) throw new DialError("resolve-timeout", "the look-up took too long");
    throw new DialError("not-found", "the name does not resolve");
  } finally {
    deadline.clear();
  }
}

/**
 * Keeps the addresses that may be dialed. One answer under a deny rule condemns the whole name.
 *
 * @throws {DialError} When none may
 */
export function checkAnswers(
  target: HostPort,
  answers: readonly IpAddress[],
  options: DialOptions,
): IpAddress[] {
  if (answers.length === 0) throw new DialError("not-found", "the name has no address");
  // Reading the interfaces is slow, and matters only to what would pass as public.
  const own = answers.some((answer) => classify(answer) === "public") ? options.ownAddresses() : [];
  const decisions = answers.map((answer) => decideAddress(options.policy, target, answer, own));
  const denied = decisions.find(({ allowed, rule }) => !allowed && rule !== undefined) ?? decisions[0];
  const addresses = answers.filter((_, i) => decisions[i]?.allowed);
  if (denied !== undefined && !denied.allowed && (denied.rule !== undefined || addresses.length === 0)) {
    throw new DialError("denied", denied.reason, denied);
  }
  return addresses.map((address) => address.unmapped() ?? address);
}

/**
 * Connects to whichever of the addresses answers first.
 *
 * @throws {DialError} When nothing answers
 */
export async function connectFirst(
  addresses: readonly IpAddress[],
  port: number,
  options: DialOptions,
): Promise<Raced> {
  const deadline = new Deadline(options.connectTimeout ?? CONNECT_MS, options.signal);
  try {
    return await raceConnections(addresses, port, options.connect ?? connectTcp, deadline.signal);
  } catch (error) {
    if (options.signal?.aborted) throw new DialError("aborted", "the gateway is closing");
    if (deadline.passed) throw new DialError("timeout", "nothing answered in time");
    throw connectError(error);
  } finally {
    // Ends the attempts that came second.
    deadline.abort();
  }
}

function connectError(error: unknown): DialError {
  if (error instanceof Deno.errors.ConnectionRefused) {
    return new DialError("refused", "the host refused the connection");
  }
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENETUNREACH") return new DialError("network-unreachable", "its network cannot be reached");
  return new DialError("unreachable", "the host cannot be reached");
}
