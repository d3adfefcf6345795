import type { ProxyCredentials } from "../host/proxy_url.ts";

const USERNAME = "tombolo";
const PASSWORD_BYTES = 24;
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** Looks at every byte whatever it finds, so that the time taken tells nothing about where a guess went wrong. */
function areEqual(given: Uint8Array, wanted: Uint8Array): boolean {
  let difference = given.length ^ wanted.length;
  for (let at = 0; at < wanted.length; at++) difference |= (given[at] ?? 0) ^ (wanted[at] ?? 0);
  return difference === 0;
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** What clients of a TCP listener must show: any process of the host can connect to one. Its text is never shown. */
export class ListenerCredential {
  readonly #wanted: Uint8Array;

  /** @param credentials For the clients' environment alone: no log, event or message may hold them */
  private constructor(readonly credentials: ProxyCredentials) {
    this.#wanted = new TextEncoder().encode(`${credentials.username}:${credentials.password}`);
  }

  /** Makes one that nobody can guess; URLs take it as it is. */
  static random(): ListenerCredential {
    const password = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES)).toHex();
    return new ListenerCredential({ username: USERNAME, password });
  }

  /** Whether a Proxy-Authorization header holds it (RFC 7617). */
  matchesBasic(header: string): boolean {
    const encoded = BASIC.exec(header.trim())?.[1];
    const given = encoded === undefined ? undefined : decodeBase64(encoded);
    return given !== undefined && areEqual(given, this.#wanted);
  }

  /** Whether the fields of a SOCKS5 negotiation are those (RFC 1929). */
  matches(username: Uint8Array, password: Uint8Array): boolean {
    return areEqual(Uint8Array.of(...username, 0x3a, ...password), this.#wanted);
  }
}
