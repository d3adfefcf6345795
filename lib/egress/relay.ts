import { LARGEST_BUFFER } from "./buffer_share.ts";
import { close } from "./close.ts";
import { Watchdog } from "./watchdog.ts";

const KIB = 1024;
const SMALLEST_BUFFER = 16 * KIB;
const DEFAULT_IDLE_MS = 300_000;
const DEFAULT_TOTAL_MS = 24 * 60 * 60 * 1000;
/** So many reads in a row that would fit in a quarter of the buffer halve it. */
const QUIET_READS = 16;

/** Why a relay ended. */
export type RelayEnd = "eof" | "idle" | "total" | "aborted" | "refused" | "error";

/** Thrown by what goes first to b: what a says must not reach b. */
export class Refused extends Error {
  override readonly name = "Refused";
}

/** Bytes that go first: read already, or read from the connection as they come, until the rest may follow. */
export type First = Uint8Array | AsyncIterable<Uint8Array>;

/** How a relay went. */
export interface RelayResult {
  /** Bytes written to b, early bytes included. */
  readonly aToB: number;
  /** Bytes written to a, early bytes included. */
  readonly bToA: number;
  readonly ended: RelayEnd;
}

/** Limits of a relay, and what was read before it began. */
export interface RelayOptions {
  /** Milliseconds without a byte in either direction; 300,000 unless given. */
  readonly idleTimeout?: number;
  /** Milliseconds in all; 24 hours unless given. */
  readonly totalTimeout?: number;
  /** What of a's goes to b first. Where it throws {@linkcode Refused}, b is closed, and a left to the caller. */
  readonly earlyA?: First;
  /** What of b's goes to a first. */
  readonly earlyB?: First;
  /** The most that one direction's buffer may grow to now, in bytes; 256 KiB unless given. */
  readonly bufferLimit?: () => number;
  readonly signal?: AbortSignal;
}

/** For a relay whose ends are limited by somebody else. */
export const NO_CLOCKS = { idleTimeout: Infinity, totalTimeout: Infinity } as const;

/** What both directions of one relay share: the idle clock and the reason of the end. */
class Session {
  ended: RelayEnd = "eof";
  #stopped = false;
  #delivering = 2;
  readonly idle = new Watchdog();

  constructor(idleTimeout: number, readonly a: Deno.Conn, readonly b: Deno.Conn) {
    this.idle.start(idleTimeout, () => this.stop("idle"));
  }

  /** Closes both ends; pending reads and writes then reject. The first reason stays. */
  stop(reason: RelayEnd): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.ended = reason;
    close(this.a);
    close(this.b);
  }

  /** Closes b; what it has sent already is still delivered to a. */
  refuse(): void {
    if (!this.#stopped) this.ended = "refused";
    close(this.b);
  }

  /** Remembers a failure that ends one direction only. */
  fail(): void {
    if (!this.#stopped && this.ended !== "refused") this.ended = "error";
  }

  /** Notes that one direction delivers no more; with the second, nothing is left to wait for. */
  delivered(): void {
    if (--this.#delivering === 0 && this.ended !== "refused") this.stop(this.ended);
  }

  /** A reset leaves nothing to deliver in either direction. */
  lose(): void {
    if (this.ended !== "refused") this.stop("error");
  }
}

/** One direction: reads `from` until its end, then half-closes `to`. */
class Direction {
  bytes = 0;

  constructor(
    readonly session: Session,
    readonly from: Deno.Conn,
    readonly to: Deno.Conn,
    readonly bufferLimit: () => number,
  ) {}

  async run(early: First = new Uint8Array(0)): Promise<void> {
    const whole = await this.#begin(early) && await this.#pump();
    if (whole) await this.#endWriting();
    this.session.delivered();
    if (!whole && this.session.ended !== "refused") await this.#drain();
  }

  async #endWriting(): Promise<void> {
    try {
      await this.to.closeWrite();
    } catch {
      // The other side has gone; the opposite direction will notice.
    }
  }

  /** Reads what can no longer be delivered: a source that cannot write might not read either, and hold up the other way. */
  async #drain(): Promise<void> {
    const buffer = new Uint8Array(SMALLEST_BUFFER);
    try {
      while (await this.from.read(buffer) !== null);
    } catch {
      // Closed, as nothing is left to wait for.
    }
  }

  /** Returns whether the rest may follow. */
  async #begin(early: First): Promise<boolean> {
    if (early instanceof Uint8Array) return await this.#write(early);
    try {
      for await (const chunk of early) if (!(await this.#write(chunk))) return false;
      return true;
    } catch (error) {
      if (error instanceof Refused) this.session.refuse();
      else this.session.lose();
      return false;
    }
  }

  /** Returns whether the source came to its proper end. */
  async #pump(): Promise<boolean> {
    let buffer = new Uint8Array(SMALLEST_BUFFER);
    let quiet = 0;
    for (;;) {
      let count: number | null;
      try {
        count = await this.from.read(buffer);
      } catch {
        this.session.lose();
        return false;
      }
      if (count === null) return true;
      this.session.idle.touch();
      if (!(await this.#write(count === buffer.length ? buffer : buffer.subarray(0, count)))) return false;
      quiet = count * 4 <= buffer.length ? quiet + 1 : 0;
      const size = nextSize(buffer.length, count, quiet, this.bufferLimit());
      if (size !== buffer.length) {
        buffer = new Uint8Array(size);
        quiet = 0;
      }
    }
  }

  /** Returns false where the destination takes no more; what it still sends is delivered. */
  async #write(chunk: Uint8Array): Promise<boolean> {
    try {
      for (let done = 0; done < chunk.length;) {
        const count = await this.to.write(done === 0 ? chunk : chunk.subarray(done));
        done += count;
        this.bytes += count;
        this.session.idle.touch();
      }
      return true;
    } catch {
      this.session.fail();
      return false;
    }
  }
}

/** Buffers start small, double while the source fills them, and shrink when it turns quiet. */
function nextSize(size: number, count: number, quiet: number, limit: number): number {
  const largest = Math.max(SMALLEST_BUFFER, limit);
  if (size > largest) return largest;
  if (count === size) return Math.min(size * 2, largest);
  if (quiet >= QUIET_READS) return Math.max(size / 2, SMALLEST_BUFFER);
  return size;
}

function disableNagle(connection: Deno.Conn): void {
  try {
    if ("setNoDelay" in connection) (connection as Deno.TcpConn).setNoDelay(true);
  } catch {
    // Closed already: the first read says so.
  }
}

/**
 * Copies bytes between two connections in both directions until both have ended, one fails, or a limit
 * is reached. An end of one direction is passed on as a half-close. Both connections are closed at the end; only
 * where that is `refused`, a stays open for a last word.
 *
 * @param a One connection
 * @param b The other connection
 * @param options Limits, and bytes read before
 * @returns How many bytes went each way and why it ended; never rejects
 *
 * @example
 * ```ts ignore
 * const { aToB, bToA, ended } = await relay(client, server, { idleTimeout: 60_000 });
 * ```
 */
export async function relay(a: Deno.Conn, b: Deno.Conn, options: RelayOptions = {}): Promise<RelayResult> {
  const session = new Session(options.idleTimeout ?? DEFAULT_IDLE_MS, a, b);
  const bufferLimit = options.bufferLimit ?? (() => LARGEST_BUFFER);
  const forth = new Direction(session, a, b, bufferLimit);
  const back = new Direction(session, b, a, bufferLimit);
  disableNagle(a);
  disableNagle(b);

  const abort = () => session.stop("aborted");
  options.signal?.addEventListener("abort", abort, { once: true });
  if (options.signal?.aborted) abort();
  using total = new Watchdog();
  total.start(options.totalTimeout ?? DEFAULT_TOTAL_MS, () => session.stop("total"));

  await Promise.all([forth.run(options.earlyA), back.run(options.earlyB)]);

  session.idle[Symbol.dispose]();
  options.signal?.removeEventListener("abort", abort);
  if (session.ended !== "refused") session.stop(session.ended);
  return { aToB: forth.bytes, bToA: back.bytes, ended: session.ended };
}
