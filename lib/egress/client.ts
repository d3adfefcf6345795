import type { ByteReader } from "./byte_reader.ts";
import type { GuardedDialer } from "./guarded_dialer.ts";
import type { ListenerCredential } from "./listener_credential.ts";
import type { WaitingClient, WaitingClients } from "./waiting_clients.ts";
import { Watchdog } from "./watchdog.ts";

/** Limits of a gateway. Durations are in milliseconds. */
export interface GatewayLimits {
  /** Bytes of one request head. */
  readonly header: number;
  /** From the first byte of a request, or from the accepted connection, to the end of its head. */
  readonly handshake: number;
  /** A look-up; and again all attempts to connect; and again an upstream proxy's answer. */
  readonly dial: number;
  /** Connections of clients at once; a new one takes the place of the one whose request is longest in coming. */
  readonly clients: number;
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
  /** What the listener asks its clients for. */
  readonly credential?: ListenerCredential;
  /** What limits an exchange of plain HTTP. */
  readonly idle: Watchdog;
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
export class HandshakeClock implements Disposable, WaitingClient {
  readonly #watchdog = new Watchdog();
  readonly #limit: number;
  #expired: HandshakeTimeout | undefined;
  #interrupt: (reason: HandshakeTimeout) => void = () => {};

  readonly #giveUp: () => void;
  readonly #waiting: WaitingClients;

  /**
   * @param limit Milliseconds
   * @param giveUp Ends the connection at once
   * @param waiting Holds this clock while a request is awaited
   */
  constructor(limit: number, giveUp: () => void, waiting: WaitingClients) {
    this.#limit = limit;
    this.#giveUp = giveUp;
    this.#waiting = waiting;
  }

  start(limit: number = this.#limit): void {
    this.#expired = undefined;
    this.#waiting.add(this);
    this.#watchdog.start(limit, () => {
      this.#expired = new HandshakeTimeout(`the request was not complete after ${limit} ms`);
      this.#interrupt(this.#expired);
    });
  }

  done(): void {
    this.#waiting.delete(this);
    this.#watchdog.stop();
  }

  /** Ends the connection: others need its place. */
  giveUp(): void {
    this.done();
    this.#giveUp();
  }

  /** Settles as the promise does, or rejects with a {@linkcode HandshakeTimeout} when the time is up. */
  within<T>(promise: Promise<T>): Promise<T> {
    this.#waiting.awaitBytesOf(this);
    if (this.#expired !== undefined) {
      promise.catch(() => {});
      return Promise.reject(this.#expired);
    }
    // Not Promise.race: with a promise that outlives many reads, each would leave something behind.
    const { promise: first, resolve, reject } = Promise.withResolvers<T>();
    this.#interrupt = reject;
    promise.then(resolve, reject);
    return first;
  }

  [Symbol.dispose](): void {
    this.done();
    this.#watchdog[Symbol.dispose]();
  }
}
