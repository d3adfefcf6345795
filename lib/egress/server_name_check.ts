import type { HostDecision } from "../policy/decide_host.ts";
import type { TunnelOpening } from "../policy/decide_opening.ts";
import { ANSWER_BYTES, asksAgain } from "./asks_again.ts";
import type { ByteReader, ReadLimit } from "./byte_reader.ts";
import { type Client, HandshakeTimeout } from "./client.ts";
import { ClientHelloError, parseClientHello } from "./client_hello.ts";
import type { Outcome, Passage } from "./guarded_dialer.ts";
import { Refused } from "./relay.ts";
import { beginsAsideHello, RECORD, RECORD_HEADER } from "./tls_records.ts";

/** Alert descriptions of RFC 8446 section 6. */
const ALERT = { decodeError: 50, unrecognizedName: 112 } as const;
/** What may stand between two ClientHellos: early data, and the padding of middlebox compatibility mode. */
const BETWEEN_HELLOS: ReadonlySet<number> = new Set([
  RECORD.changeCipherSpec,
  RECORD.alert,
  RECORD.applicationData,
]);
/** Most that a record of those holds, in bytes (RFC 8446 section 5.2). */
const LONGEST_RECORD = 2 ** 14 + 256;

/**
 * Looks at what the client of a tunnel says first, before any of it reaches the server: TLS must name the host that
 * was asked for. The server is never made to wait, and may speak first.
 *
 * A HelloRetryRequest makes the client name the server a second time, and OpenSSL believes the second name. So what
 * follows the first ClientHello waits for the server's answer, and a second one is looked at too.
 */
export class ServerNameCheck {
  /** What it has found, for the event. */
  outcome: Pick<Outcome, "serverName" | "refusal"> = {};
  /** What the client is told where it is refused, if it speaks TLS. */
  alert?: Uint8Array;
  readonly #client: Client;
  readonly #passage: Passage;
  #serverSpoke = false;
  readonly #asksAgain = Promise.withResolvers<boolean>();

  constructor(client: Client, passage: Passage) {
    this.#client = client;
    this.#passage = passage;
  }

  /**
   * The client's first bytes, as far as they may go to the server.
   *
   * @throws {Refused} When they may not
   */
  async *fromClient(): AsyncGenerator<Uint8Array> {
    const { reader } = this.#client;
    if (!(await buffered(reader, 1))) return;
    // No TLS server speaks first; a client that answers one speaks something else, whatever its bytes look like.
    if (reader.buffered[0] !== RECORD.handshake || this.#serverSpoke) {
      if (await this.#isAsideHello()) this.#refuseMalformed("it does not begin with a ClientHello");
      this.#decide({ tls: false });
    } else {
      yield await this.#clientHello();
      if (!(await buffered(reader, 1))) return;
      if (await this.#asksAgain.promise) yield* this.#secondHello();
    }
    yield reader.take();
  }

  /** The server's first bytes, all of which may go to the client. */
  async *fromServer(): AsyncGenerator<Uint8Array> {
    const { reader, early } = this.#passage;
    const answer = new Uint8Array(ANSWER_BYTES);
    let length = 0;
    try {
      for (let chunk = early;; chunk = undefined) {
        if (chunk === undefined && !(await buffered(reader, 1))) return;
        chunk ??= reader.take();
        this.#serverSpoke ||= chunk.length > 0;
        const part = chunk.subarray(0, ANSWER_BYTES - length);
        answer.set(part, length);
        length += part.length;
        const verdict = asksAgain(answer.subarray(0, length));
        if (verdict !== undefined) this.#asksAgain.resolve(verdict);
        yield chunk;
        if (verdict !== undefined || length === ANSWER_BYTES) return;
      }
    } finally {
      // Where it could not be told, a second ClientHello must not slip through.
      this.#asksAgain.resolve(true);
    }
  }

  /** Whether what comes might yet be TLS to the server. */
  async #isAsideHello(): Promise<boolean> {
    const { reader } = this.#client;
    while (!this.#serverSpoke) {
      const known = beginsAsideHello(reader.buffered);
      if (known !== undefined) return known;
      if (!(await reader.fill())) return false;
    }
    return false;
  }

  /** Passes on what precedes the second ClientHello, then that, once it has been looked at. */
  async *#secondHello(): AsyncGenerator<Uint8Array> {
    const { reader } = this.#client;
    while (await buffered(reader, RECORD_HEADER)) {
      const [type = 0, , , high = 0, low = 0] = reader.buffered;
      if (type === RECORD.handshake) return yield await this.#clientHello();
      const size = high << 8 | low;
      if (!BETWEEN_HELLOS.has(type) || size > LONGEST_RECORD) {
        this.#refuseMalformed("something else stands between its two ClientHellos");
      }
      if (!(await buffered(reader, RECORD_HEADER + size))) return;
      yield taken(reader, RECORD_HEADER + size);
    }
  }

  /** Reads a ClientHello, within the limit of a handshake, and gives back its bytes if it may pass. */
  async #clientHello(): Promise<Uint8Array> {
    const { reader, handshake } = this.#client;
    handshake.start();
    try {
      let hello = parseClientHello(reader.buffered);
      while (!hello.complete) {
        const isThere = await buffered(reader, reader.buffered.length + hello.missing, handshake);
        if (!isThere) throw new ClientHelloError("it is cut off");
        hello = parseClientHello(reader.buffered);
      }
      if (hello.serverName !== undefined) this.outcome = { serverName: hello.serverName };
      this.#decide({ tls: true, ...hello });
      return taken(reader, hello.length);
    } catch (error) {
      if (error instanceof ClientHelloError) this.#refuseMalformed(error.message);
      if (error instanceof HandshakeTimeout) this.#refuseMalformed("it was not complete in time");
      throw error;
    } finally {
      handshake.done();
    }
  }

  #decide(opening: TunnelOpening): void {
    const decision = this.#passage.decideOpening(opening);
    if (!decision.allowed) this.#refuse(decision, opening.tls ? ALERT.unrecognizedName : undefined);
  }

  #refuseMalformed(message: string): never {
    const reason = `the TLS handshake is malformed: ${message}`;
    return this.#refuse({ allowed: false, reason }, ALERT.decodeError);
  }

  #refuse(refusal: HostDecision, alert: number | undefined): never {
    this.outcome = { ...this.outcome, refusal };
    // Level 2 is fatal.
    if (alert !== undefined) this.alert = Uint8Array.of(RECORD.alert, 3, 1, 0, 2, 2, alert);
    throw new Refused(refusal.reason);
  }
}

/** Whether so many bytes are there, or come before the end of the stream. */
async function buffered(reader: ByteReader, count: number, limit?: ReadLimit): Promise<boolean> {
  while (reader.buffered.length < count) if (!(await reader.fill(limit))) return false;
  return true;
}

function taken(reader: ByteReader, count: number): Uint8Array {
  const bytes = reader.buffered.slice(0, count);
  reader.skip(count);
  return bytes;
}
