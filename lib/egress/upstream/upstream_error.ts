import type { ProxyUrl } from "../../host/proxy_url.ts";
import { escape } from "../../report/escape.ts";
import { DialError, type DialFailure } from "../dial.ts";

/**
 * Makes the error of a dial that an upstream proxy has failed. Its message names the proxy, without credentials.
 *
 * @param what What the proxy did, as it goes on after its name; may quote what it sent
 */
export function upstreamError(proxy: ProxyUrl, failure: DialFailure, what: string): DialError {
  return new DialError(failure, escape(`${proxy.title} ${what}`));
}
