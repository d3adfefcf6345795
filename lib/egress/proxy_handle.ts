/** Where clients find a proxy. */
export type ProxyPlace =
  | {
    readonly kind: "tcp";
    /** An address; IPv6 in brackets. */
    readonly host: string;
    readonly port: number;
  }
  | { readonly kind: "unix"; readonly path: string };

/**
 * A proxy that is running: the built-in gateway, an external one, or one that speaks SOCKS alone. Who holds it cannot tell
 * which, and need not.
 */
export interface ProxyHandle extends AsyncDisposable {
  readonly place: ProxyPlace;
  /**
   * The variables that make clients use it, its credential included.
   *
   * @param port Loopback port of a bridge that leads here; without one, of the proxy itself. Clients know no variable for a
   * unix socket: there it is `TOMBOLO_PROXY_SOCKET`, for a bridge
   */
  environment(port?: number): Map<string, string>;
  /** Settles when it serves no more, by itself or closed, with the reason in words. */
  readonly ended: Promise<string>;
  /**
   * Stops listening and ends what is open.
   *
   * @param graceMs How long connections may still take to end by themselves; not at all unless given
   */
  close(graceMs?: number): Promise<void>;
}
