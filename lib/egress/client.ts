import type { ByteReader } from "./byte_reader.ts";
import type { GuardedDialer } from "./guarded_dialer.ts";

/** Limits of a gateway. Durations are in milliseconds. */
export interface GatewayLimits {
  /** Bytes of one request head. */
  readonly header: number;
  /** From the first byte of a request, or from the accepted connection, to the end of its head. */
  readonly handshake: number;
  /** A look-up; and again all attempts to connect. */
  readonly dial: number;
  /** Connections to the outside at once; the rest wait. */
  readonly tunnels: number;
  /** Without a byte in either direction. */
  readonly idle: number;
  /** Life of one tunnel in all. */
  readonly total: number;
}

/** One accepted connection, and what serving it needs. */
export interface Client {
  readonly connection: Deno.Conn;
  readonly reader: ByteReader;
  readonly dialer: GuardedDialer;
  readonly limits: GatewayLimits;
  /** Ends the handshake. Serving calls `handshake.done()` once the request is complete. */
  readonly handshake: HandshakeClock;
  /** The most that a relay's buffer may grow to now. */
  readonly bufferLimit: () => number;
  /** Aborted when the gateway closes. */
  readonly signal: AbortSignal;
}

/** The handshake took too long. */
export class HandshakeTimeout extends Error {
  override readonly name = "HandshakeTimeout";
}

/** Time limit for the handshake alone: stopped before anything is dialed or relayed. */
export class HandshakeClock {
  readonly #limit: number;
  #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(limit: number = this.#limit): void {
    this.done();
    this.#timer = setTimeout(() => {
      this.#controller.abort(new HandshakeTimeout(`the request was not complete after ${limit} ms`));
    }, limit);
  }

  done(): void {
    clearTimeout(this.#timer);
  }
}
