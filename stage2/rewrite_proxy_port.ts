const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//;
/** A bracketed address or a name without colons, then perhaps a port. */
const HOST_AND_PORT = /^(\[[^[\]\s]+\]|[^:[\]\s]+)(?::\d*)?$/;

/**
 * Replaces the port of a proxy URL, or adds one; every other byte stays as it is.
 *
 * `new URL` is not used: it rewrites hosts, drops default ports and adds slashes.
 *
 * @param url What a proxy variable holds
 * @param port The port to put in
 * @returns The URL with the port, or undefined where the text is not a URL with a host
 *
 * @example
 * ```ts
 * rewriteProxyPort("http://user:secret@127.0.0.1:1/x?y", 3128); // "http://user:secret@127.0.0.1:3128/x?y"
 * ```
 */
export function rewriteProxyPort(url: string, port: number): string | undefined {
  const scheme = SCHEME.exec(url)?.[0];
  if (scheme === undefined) return undefined;
  const rest = url.slice(scheme.length);
  const authorityEnd = rest.search(/[/?#]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  const hostStart = authority.lastIndexOf("@") + 1;
  const host = HOST_AND_PORT.exec(authority.slice(hostStart))?.[1];
  if (host === undefined) return undefined;
  return scheme + authority.slice(0, hostStart) + host + ":" + port + rest.slice(authority.length);
}
