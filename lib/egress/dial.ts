import { classify } from "../host/address_class.ts";
import type { HostPort } from "../host/host_port.ts";
import type { IpAddress } from "../host/ip_address.ts";
import { isLocalhostName, localhostAddresses } from "../host/special_name.ts";
import { decideAddress, type HostDecision } from "../policy/decide_host.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import { type Resolver, untilAborted } from "./resolve.ts";

/** Delay before the next address is tried beside the last one (RFC 8305 section 5). */
const STAGGER_MS = 250;
const RESOLVE_MS = 10_000;
const CONNECT_MS = 10_000;

/** Opens a TCP connection to an address, written out literally. */
export type Connect = (address: string, port: number, signal: AbortSignal) => Promise<Deno.Conn>;

/** What a dial needs from outside. */
export interface DialOptions {
  readonly policy: NetPolicy;
  readonly resolver: Resolver;
  readonly connect?: Connect;
  readonly ownAddresses: () => readonly IpAddress[];
  /** Milliseconds for the look-up; 10,000 unless given. */
  readonly resolveTimeout?: number;
  /** Milliseconds for all attempts to connect; 10,000 unless given. */
  readonly connectTimeout?: number;
  readonly signal?: AbortSignal;
}

/** Why a dial failed. */
export type DialFailure =
  | "denied"
  | "not-found"
  | "resolve-timeout"
  | "refused"
  | "network-unreachable"
  | "unreachable"
  | "timeout"
  | "aborted";

/** A dial that came to nothing: by the policy (`denied`, with the decision) or by the network. */
export class DialError extends Error {
  override readonly name = "DialError";

  constructor(readonly failure: DialFailure, message: string, readonly decision?: HostDecision) {
    super(message);
  }
}

/** A connection, and the checked address that it goes to. */
export interface Dialed {
  readonly connection: Deno.Conn;
  readonly address: IpAddress;
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
  const answers = target.address === undefined ? await resolve(target, options) : [target.address];
  const addresses = checked(target, answers, options);
  return await connectFirst(addresses, target.port, options);
}

async function resolve(target: HostPort, options: DialOptions): Promise<readonly IpAddress[]> {
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

/** Keeps the addresses that may be dialed. One answer under a deny rule condemns the whole name. */
function checked(target: HostPort, answers: readonly IpAddress[], options: DialOptions): IpAddress[] {
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

/** One abort signal out of a time limit and the caller's signal. */
class Deadline {
  passed = false;
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = () => this.#controller.abort();

  constructor(milliseconds: number, outer: AbortSignal | undefined) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#abort();
    }, milliseconds);
    outer?.addEventListener("abort", this.#abort, { once: true });
    if (outer?.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener("abort", this.#abort);
  }

  abort(): void {
    this.clear();
    this.#abort();
  }
}

/** Tries the addresses in order, each a little after the one before or as soon as that has failed. */
async function connectFirst(
  addresses: readonly IpAddress[],
  port: number,
  options: DialOptions,
): Promise<Dialed> {
  const deadline = new Deadline(options.connectTimeout ?? CONNECT_MS, options.signal);
  try {
    return await race(addresses, port, options.connect ?? connectTcp, deadline.signal);
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

/** Settles with the first connection, or with the first attempt's error once all have failed. */
function race(
  addresses: readonly IpAddress[],
  port: number,
  connect: Connect,
  signal: AbortSignal,
): Promise<Dialed> {
  const { promise, resolve, reject } = Promise.withResolvers<Dialed>();
  let next = 0;
  let running = 0;
  let settled = false;
  let firstError: unknown;
  let stagger: ReturnType<typeof setTimeout> | undefined;
  const settle = (finish: () => void) => {
    settled = true;
    clearTimeout(stagger);
    finish();
  };
  const startNext = () => {
    clearTimeout(stagger);
    const address = addresses[next++];
    if (settled) return;
    if (address === undefined) {
      if (running === 0) settle(() => reject(firstError));
      return;
    }
    running++;
    if (next < addresses.length) stagger = setTimeout(startNext, STAGGER_MS);
    connect(address.toString(), port, signal).then((connection) => {
      if (settled) connection.close();
      else settle(() => resolve({ connection, address }));
    }, (error) => {
      firstError ??= error;
      running--;
      startNext();
    });
  };
  signal.addEventListener("abort", () => settle(() => reject(signal.reason)), { once: true });
  startNext();
  return promise;
}
