import { IpAddress } from "../host/ip_address.ts";

/**
 * Looks a name up: every address, in the order to try them. An empty list means that there are none.
 * Rejects where the look-up fails, and with the signal's reason when that is aborted.
 */
export type Resolver = (name: string, signal: AbortSignal) => Promise<IpAddress[]>;

/** Settles as the promise does, or rejects as soon as the signal is aborted. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** The system's own resolver (getaddrinfo): hosts file, search domains and address order included. */
export const systemResolver: Resolver = async (name, signal) => {
  const { lookup } = await import("node:dns/promises");
  const answers = await untilAborted(lookup(name, { all: true }), signal);
  // A zone id says which interface; without it the link-local address is still classified as such.
  return answers.flatMap(({ address }) => IpAddress.parse(address.replace(/%.*$/, "")) ?? []);
};

/**
 * Answers the names of a map from it, and asks another resolver for the rest.
 *
 * @param map Addresses by canonical name
 * @param next Asked for every other name
 */
export function staticResolver(map: ReadonlyMap<string, readonly IpAddress[]>, next: Resolver): Resolver {
  return (name, signal) => {
    const fixed = map.get(name);
    return fixed === undefined ? next(name, signal) : Promise.resolve([...fixed]);
  };
}
