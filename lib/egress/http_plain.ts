import { ByteReader, writeAll } from "./byte_reader.ts";
import type { Client } from "./client.ts";
import { close } from "./close.ts";
import { DialError } from "./dial.ts";
import type { Passage } from "./guarded_dialer.ts";
import { answer, type Next, parseTarget, readHead } from "./http.ts";
import { copyBody, TruncatedError } from "./http_body.ts";
import { type Framing, requestFraming, responseFraming } from "./http_framing.ts";
import { HttpError, parseResponseHead, type RequestHead, type ResponseHead } from "./http_head.ts";
import {
  formatRequest,
  formatResponse,
  isUpgrade,
  keepsAlive,
  parsePlainTarget,
  type PlainTarget,
} from "./http_forward.ts";
import { IdleClock } from "./idle_clock.ts";
import { relay } from "./relay.ts";
import { dialAnswer } from "./status.ts";

/** Servers send more header fields than clients may: cookies, security policies. */
const LONGEST_RESPONSE_HEAD = 64 * 1024;

/**
 * Serves one plain request: decides, forwards it on a connection of its own, and passes the response back.
 *
 * @returns Whether the client's connection can take another request
 * @throws {HttpError} When the request is malformed, or the server fails before its response has begun
 */
export async function servePlain(client: Client, head: RequestHead): Promise<Next> {
  const target = parsePlainTarget(head, (text) => parseTarget(client, text, 80));
  const framing = requestFraming(head);
  const bodyless = head.method === "HEAD";
  let passage: Passage;
  try {
    passage = await client.dialer.open(target.host, "http");
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    const close = framing.kind !== "none" || !keepsAlive(head);
    await answer(client, dialAnswer(target.host, error), { close, bodyless });
    return close ? "close" : "keep";
  }
  const exchange = new Exchange(client, head, target, framing, passage);
  try {
    return await exchange.run();
  } finally {
    passage.finish({ sent: exchange.sent, received: exchange.received });
  }
}

/** One request and its response, both directions at once: a server may answer before it has read everything. */
class Exchange {
  sent = 0;
  received = 0;
  #begun = false;
  #requestDone = false;
  #requestError: unknown;
  readonly #upstream: ByteReader;
  readonly #idle: IdleClock;

  constructor(
    readonly client: Client,
    readonly head: RequestHead,
    readonly target: PlainTarget,
    readonly framing: Framing,
    readonly passage: Passage,
  ) {
    this.#upstream = new ByteReader(passage.connection);
    this.#idle = new IdleClock(client.limits.idle, () => this.#expire());
  }

  async run(): Promise<Next> {
    const { signal } = this.client;
    const abort = () => this.#expire();
    signal.addEventListener("abort", abort, { once: true });
    try {
      await this.#send(formatRequest(this.head, this.target, this.framing));
      const request = this.#sendBody();
      const next = await this.#answer();
      if (next === "keep") await request;
      return next;
    } catch (error) {
      throw this.#explain(error);
    } finally {
      signal.removeEventListener("abort", abort);
      this.#idle.stop();
      close(this.passage.connection);
    }
  }

  async #sendBody(): Promise<void> {
    try {
      await copyBody(
        this.client.reader,
        this.framing,
        (bytes) => this.#send(bytes),
        this.framing.kind === "chunked",
      );
      this.#requestDone = true;
    } catch (error) {
      this.#requestError = error;
      // The server may have answered without reading on; a fault of the client's ends the exchange.
      if (error instanceof HttpError || error instanceof TruncatedError) close(this.passage.connection);
    }
  }

  async #answer(): Promise<Next> {
    for (;;) {
      const bytes = await readHead(this.#upstream, LONGEST_RESPONSE_HEAD);
      if (bytes === undefined) {
        throw new HttpError(502, "the server closed the connection without a response");
      }
      this.#idle.touch();
      const response = parseResponseHead(bytes);
      if (response.status === 101) return await this.#switchProtocols(response);
      if (response.status >= 200) return await this.#finalResponse(response);
      // An HTTP/1.0 client does not know interim responses (RFC 9110 15.2).
      if (this.head.minor > 0) await this.#receive(formatResponse(response, { kind: "none" }, true));
    }
  }

  async #finalResponse(response: ResponseHead): Promise<Next> {
    const framing = responseFraming(response, this.head.method);
    const streamed = framing.kind === "chunked" || framing.kind === "until-close";
    const chunked = streamed && this.head.minor > 0;
    const keep = this.#requestDone && keepsAlive(this.head) && (chunked || !streamed);
    this.#begun = true;
    const outgoing: Framing = chunked ? { kind: "chunked" } : streamed ? { kind: "until-close" } : framing;
    await this.#receive(formatResponse(response, outgoing, keep));
    await copyBody(this.#upstream, framing, (bytes) => this.#receive(bytes), chunked);
    return keep ? "keep" : "close";
  }

  async #switchProtocols(response: ResponseHead): Promise<Next> {
    if (!isUpgrade(this.head) || !this.#requestDone) {
      throw new HttpError(502, "the server switches protocols without having been asked");
    }
    this.#begun = true;
    await this.#receive(formatResponse(response, { kind: "none" }, true));
    this.#idle.stop();
    const { aToB, bToA } = await relay(this.client.connection, this.passage.connection, {
      idleTimeout: this.client.limits.idle,
      totalTimeout: this.client.limits.total,
      earlyA: this.client.reader.take(),
      earlyB: this.#upstream.take(),
      bufferLimit: this.client.bufferLimit,
      signal: this.client.signal,
    });
    this.sent += aToB;
    this.received += bToA;
    return "close";
  }

  async #send(bytes: Uint8Array): Promise<void> {
    await writeAll(this.passage.connection, bytes);
    this.sent += bytes.length;
    this.#idle.touch();
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    await writeAll(this.client.connection, bytes);
    this.received += bytes.length;
    this.#idle.touch();
  }

  #expire(): void {
    close(this.passage.connection);
    // Half a response can only be ended by closing; before it, the client still gets an answer.
    if (this.#begun) close(this.client.connection);
  }

  /** The error to answer with: the client's own fault first, then the clock, then the server. */
  #explain(error: unknown): unknown {
    // Nothing can be said any more in the middle of a response: closing shows that it is cut.
    if (this.#begun) return new TruncatedError("the response is cut off");
    if (this.#requestError instanceof HttpError) return this.#requestError;
    if (this.#idle.expired) return new HttpError(504, "the server did not answer in time");
    // A malformed head of the server's is not the client's fault.
    if (error instanceof HttpError) {
      return new HttpError(
        error.status === 504 ? 504 : 502,
        `the server's response is wrong: ${error.message}`,
      );
    }
    return new HttpError(502, "the server closed the connection without a response");
  }
}
