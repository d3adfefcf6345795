import type { ProxyCredentials } from "../../host/proxy_url.ts";

/** The value of a Proxy-Authorization field: Basic, in UTF-8 (RFC 7617 section 2.1). */
export function proxyAuthorization({ username, password }: ProxyCredentials): string {
  return `Basic ${new TextEncoder().encode(`${username}:${password}`).toBase64()}`;
}
