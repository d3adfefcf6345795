import { writeAll } from "./byte_reader.ts";
import type { Client } from "./client.ts";
import { close } from "./close.ts";
import type { Passage } from "./guarded_dialer.ts";
import { type Next, readHead } from "./http.ts";
import { copyBody, TruncatedError } from "./http_body.ts";
import { formatRequest, formatResponse, isUpgrade, keepsAlive, type PlainTarget } from "./http_forward.ts";
import { type Framing, responseFraming } from "./http_framing.ts";
import { HttpError, parseResponseHead, type RequestHead, type ResponseHead } from "./http_head.ts";
import { relay } from "./relay.ts";

/** Servers send more header fields than clients may: cookies, security policies. */
const LONGEST_RESPONSE_HEAD = 64 * 1024;
const NONE: Framing = { kind: "none" };

/** A connection that had been used before ended before the first byte of a response: another one may do. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** A proxy in between wants other credentials of the gateway. */
class UpstreamAsks extends Error {}

/** One request and its response, both directions at once: a server may answer before it has read everything. */
export class HttpExchange {
  sent = 0;
  received = 0;
  /** Whether the server's connection can take another request. */
  reusable = false;
  #begun = false;
  #heard = false;
  #expired = false;
  /** Whether the client is being waited for to take something. */
  #receiving = false;
  /** Whether the server takes no more. */
  #serverDeaf = false;
  #requestDone = false;
  #requestError: unknown;

  constructor(
    readonly client: Client,
    readonly head: RequestHead,
    readonly target: PlainTarget,
    readonly framing: Framing,
    readonly passage: Passage,
  ) {}

  /**
   * @returns Whether the client's connection can take another request
   * @throws {HttpError} What to answer, where the response has not begun
   * @throws {ConnectionLost}
   */
  async run(): Promise<Next> {
    const { client, framing } = this;
    client.idle.start(client.limits.idle, () => this.#expire());
    try {
      await this.#send(formatRequest(this.head, this.target, framing, this.passage));
      if (framing.kind === "none") {
        this.#requestDone = true;
        return await this.#answer();
      }
      const request = this.#sendBody();
      const next = await this.#answer();
      if (next === "keep") await request;
      return next;
    } catch (error) {
      throw this.#explain(error);
    } finally {
      client.idle.stop();
    }
  }

  async #sendBody(): Promise<void> {
    try {
      await copyBody(this.client.reader, this.framing, (bytes) => this.#send(bytes), {
        chunked: this.framing.kind === "chunked",
      });
      this.#requestDone = true;
    } catch (error) {
      this.#requestError = error;
      // The server may have answered without reading on; a fault of the client's, or its end, ends the exchange.
      if (!this.#serverDeaf) close(this.passage.connection);
    }
  }

  async #answer(): Promise<Next> {
    for (;;) {
      const bytes = await readHead(this.passage.reader, LONGEST_RESPONSE_HEAD);
      if (bytes === undefined) throw new ConnectionLost();
      this.#heard = true;
      this.client.idle.touch();
      const response = parseResponseHead(bytes);
      // It is us whom the proxy asks; to the client this gateway would seem to.
      if (response.status === 407 && this.passage.absoluteForm) throw new UpstreamAsks();
      if (response.status === 101) return await this.#switchProtocols(response);
      if (response.status >= 200) return await this.#finalResponse(response);
      // An HTTP/1.0 client does not know interim responses (RFC 9110 15.2).
      if (this.head.minor > 0) await this.#receive(formatResponse(response, NONE, true));
    }
  }

  async #finalResponse(response: ResponseHead): Promise<Next> {
    const { head, passage: { reader } } = this;
    const framing = responseFraming(response, head.method);
    const streamed = framing.kind === "chunked" || framing.kind === "until-close";
    const chunked = streamed && head.minor > 0;
    const keep = this.#requestDone && keepsAlive(head) && (chunked || !streamed);
    this.#begun = true;
    const outgoing: Framing = chunked ? { kind: "chunked" } : streamed ? { kind: "until-close" } : framing;
    const start = formatResponse(response, outgoing, keep);
    await copyBody(reader, framing, (bytes) => this.#receive(bytes), { chunked, start });
    this.reusable = this.#requestDone && framing.kind !== "until-close" && keepsAlive(response) &&
      reader.buffered.length === 0;
    return keep ? "keep" : "close";
  }

  async #switchProtocols(response: ResponseHead): Promise<Next> {
    if (!isUpgrade(this.head) || !this.#requestDone) {
      throw new HttpError(502, "the server switches protocols without having been asked");
    }
    this.#begun = true;
    await this.#receive(formatResponse(response, NONE, true));
    this.client.idle.stop();
    const { aToB, bToA } = await relay(this.client.connection, this.passage.connection, {
      idleTimeout: this.client.limits.idle,
      totalTimeout: this.client.limits.total,
      earlyA: this.client.reader.take(),
      earlyB: this.passage.reader.take(),
      bufferLimit: this.client.bufferLimit,
      signal: this.client.signal,
    });
    this.sent += aToB;
    this.received += bToA;
    return "close";
  }

  async #send(bytes: Uint8Array): Promise<void> {
    try {
      await writeAll(this.passage.connection, bytes);
    } catch (error) {
      this.#serverDeaf = true;
      throw error;
    }
    this.sent += bytes.length;
    this.client.idle.touch();
  }

  async #receive(bytes: Uint8Array): Promise<void> {
    this.#receiving = true;
    await writeAll(this.client.connection, bytes);
    this.#receiving = false;
    this.received += bytes.length;
    this.client.idle.touch();
  }

  #expire(): void {
    this.#expired = true;
    close(this.passage.connection);
    // Half a response can only be ended by closing; before it, the client still gets an answer.
    if (this.#begun || this.#receiving) close(this.client.connection);
  }

  get #server(): string {
    const { absoluteForm, proxy } = this.passage;
    return absoluteForm && proxy ? proxy.title : "the server";
  }

  /** The error to answer with: the client's own fault first, then the clock, then the server. */
  #explain(error: unknown): unknown {
    // Nothing can be said any more in the middle of a response: closing shows that it is cut.
    if (this.#begun) return new TruncatedError("the response is cut off");
    if (this.#requestError instanceof HttpError) return this.#requestError;
    if (this.#requestError instanceof TruncatedError) {
      return new HttpError(400, "the request's body is cut off");
    }
    if (this.#expired) return new HttpError(504, `${this.#server} did not answer in time`);
    if (error instanceof UpstreamAsks) {
      return new HttpError(502, `${this.#server} answered 407 (it wants a credential, or another one)`);
    }
    if (this.passage.reused && !this.#heard && !this.client.signal.aborted) return new ConnectionLost();
    // A malformed head of the server's is not the client's fault.
    if (error instanceof HttpError) {
      return new HttpError(
        error.status === 504 ? 504 : 502,
        `the response of ${this.#server} is wrong: ${error.message}`,
      );
    }
    return new HttpError(502, `${this.#server} closed the connection without a response`);
  }
}
