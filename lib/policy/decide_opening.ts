import { HostError } from "../host/host_error.ts";
import { HostPort } from "../host/host_port.ts";
import type { HostDecision } from "./decide_host.ts";
import type { NetPolicy } from "./net_policy.ts";

/** What the first bytes that a client sends through a tunnel are. */
export type TunnelOpening =
  | { readonly tls: false }
  | {
    readonly tls: true;
    /** As the client wrote it. */
    readonly serverName?: string;
    /** Whether the handshake holds an encrypted ClientHello, which may name another server. */
    readonly hidesName: boolean;
  };

const HTTPS = 443;
const FITS: HostDecision = { allowed: true, reason: "the first bytes fit the host" };

/**
 * Decides about a tunnel by what its client says first: what was asked for must also be what TLS asks for, or an
 * allowed host could stand in front of another one on the same address (domain fronting).
 *
 * A named host must be named by the handshake too. Towards an address, a handshake may name any host that no rule
 * denies, or none; an address in place of a name, which RFC 6066 does not allow, must be the same one. On port 443
 * what is not TLS needs a rule that names the port. A name that is encrypted (RFC 9849) passes only where no other name
 * could be denied: a server may serve whichever name it finds inside, whatever stands outside.
 *
 * @param policy What may leave
 * @param target The host that was asked for, allowed already
 * @param opening What the client said first
 */
export function decideOpening(policy: NetPolicy, target: HostPort, opening: TunnelOpening): HostDecision {
  const refusal = policy.within?.map((outer) => decideOpening(outer, target, opening))
    .find(({ allowed }) => !allowed);
  if (refusal !== undefined) return refusal;
  if (!opening.tls) return decidePlain(policy, target);
  if (opening.hidesName && nameMatters(policy, target)) {
    return denied("the TLS handshake encrypts its server name");
  }
  if (opening.serverName === undefined) {
    return target.address === undefined ? denied("the TLS handshake names no server") : FITS;
  }
  const named = parseName(opening.serverName, target.port);
  if (named === undefined) return denied("the TLS server name is no host name");
  const mustEqual = target.address === undefined || named.address !== undefined;
  if (mustEqual && named.host !== target.host) return denied(`the TLS server name is ${named.host}`);
  const deny = policy.deny.find(({ pattern }) => pattern.matches(named));
  if (deny === undefined) return FITS;
  const rule = { text: deny.text, origin: deny.origin };
  return { allowed: false, reason: `a rule denies the TLS server name ${named.host}`, rule };
}

function denied(reason: string): HostDecision {
  return { allowed: false, reason };
}

function decidePlain(policy: NetPolicy, target: HostPort): HostDecision {
  const isNamed = policy.allow.some(({ pattern }) => pattern.port === HTTPS && pattern.matches(target));
  if (target.port !== HTTPS || isNamed) return FITS;
  const reason = `the first bytes are not TLS, and no rule for the host names port ${HTTPS}`;
  return { allowed: false, reason, suggestion: `--allow-net=${target}` };
}

/** Whether another name for the same server could be denied. */
function nameMatters({ allowAll, deny }: NetPolicy, target: HostPort): boolean {
  if (deny.some(({ pattern }) => pattern.kind === "name" || pattern.kind === "suffix")) return true;
  return target.address === undefined && allowAll === undefined;
}

function parseName(name: string, port: number): HostPort | undefined {
  try {
    return HostPort.of(name, port);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}
