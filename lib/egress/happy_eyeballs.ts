import type { IpAddress } from "../host/ip_address.ts";

/** Delay before the next address is tried beside the last one (RFC 8305 section 5). */
const STAGGER_MS = 250;

/** Opens a TCP connection to an address, written out literally. */
export type Connect = (address: string, port: number, signal: AbortSignal) => Promise<Deno.Conn>;

/** A connection, and the address that it goes to. */
export interface Raced {
  readonly connection: Deno.Conn;
  readonly address: IpAddress;
}

/** Puts the families in turn, the first one first, so that one that leads nowhere costs one delay (RFC 8305 section 4). */
function interleave(addresses: readonly IpAddress[]): IpAddress[] {
  const first = addresses.filter(({ version }) => version === addresses[0]?.version);
  const second = addresses.filter(({ version }) => version !== addresses[0]?.version);
  return addresses.flatMap((_, i) => [...first.slice(i, i + 1), ...second.slice(i, i + 1)]);
}

/**
 * Connects to the address that answers first (RFC 8305): families in turn, each address a little after the one before or as
 * soon as that has failed.
 *
 * @param addresses In the order of preference, as the resolver gives them (RFC 6724)
 * @param signal Ends all attempts
 * @returns The first connection; rejects with the first attempt's error once all have failed
 */
export function raceConnections(
  addresses: readonly IpAddress[],
  port: number,
  connect: Connect,
  signal: AbortSignal,
): Promise<Raced> {
  const { promise, resolve, reject } = Promise.withResolvers<Raced>();
  const order = interleave(addresses);
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
    const address = order[next++];
    if (settled) return;
    if (address === undefined) {
      if (running === 0) settle(() => reject(firstError));
      return;
    }
    running++;
    if (next < order.length) stagger = setTimeout(startNext, STAGGER_MS);
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
