import { ByteSource, type SyncInput } from "./byte_source.ts";
import { decodeFrame, encodeFrame, frameLength, HEADER, piecesOf } from "./frame.ts";
import { handleRequest, type Reply, type Served } from "./handle_request.ts";
import { MAX_FRAME, MAX_PAYLOAD } from "./protocol.ts";
import type { checkRequest } from "./request_schema.ts";
import { answerOf, asWorkerError, ProtocolError, TooLargeError } from "./worker_error.ts";

/** Something that takes bytes: stdout. */
export interface SyncOutput {
  /** @returns Bytes taken */
  writeSync(bytes: Uint8Array): number;
}

/** Why serving ended. */
export type End = "end of input" | "shutdown" | "truncated input";

const NO_BYTES = new Uint8Array(0);

/** A message off the wire, its payload read. */
interface Received {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array<ArrayBuffer>;
}

class Truncated extends Error {}

/** Serves one client, request by request, without ever leaving a frame half read. */
class Session {
  readonly #source: ByteSource;
  readonly #header = new Uint8Array(HEADER);

  constructor(
    private readonly served: Served,
    input: SyncInput,
    private readonly output: SyncOutput,
    private readonly check: typeof checkRequest,
  ) {
    this.#source = new ByteSource(input);
  }

  run(): End {
    for (;;) {
      const length = this.#source.take(this.#header);
      if (length === 0) return "end of input";
      try {
        if (length < HEADER) throw new Truncated();
        if (this.#serveFrame(frameLength(this.#header))) return "shutdown";
      } catch (error) {
        if (!(error instanceof Truncated)) throw error;
        this.#send({ answer: answerOf(new ProtocolError("Cannot read message: the input ended inside it")) });
        return "truncated input";
      }
    }
  }

  /** @returns Whether it was the last one */
  #serveFrame(length: number): boolean {
    let path = "";
    try {
      if (length > MAX_FRAME) {
        // Said before the rest has come: whoever gave a wrong length may be waiting.
        this.#send({
          answer: answerOf(new ProtocolError(`Cannot read message: its frame is larger than ${MAX_FRAME}`)),
        });
        this.#skip(length);
        return false;
      }
      const { fields, payload } = this.#receive(length);
      const checked = this.check(fields);
      if ("complaint" in checked) {
        throw new ProtocolError(`Cannot understand message: ${checked.complaint}`);
      }
      const { request } = checked;
      if ("path" in request) path = request.path;
      else if ("root" in request) path = request.root ?? ".";
      this.#send(handleRequest(this.served, request, payload));
      return request.kind === "shutdown";
    } catch (error) {
      if (error instanceof Truncated || error instanceof BrokenOutput) throw error;
      this.#send({ answer: answerOf(asWorkerError(error, path)) });
      return false;
    }
  }

  #skip(length: number): void {
    if (!this.#source.skip(length)) throw new Truncated();
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    if (this.#source.take(bytes) < length) throw new Truncated();
    return bytes;
  }

  #receive(length: number): Received {
    const bytes = this.#take(length);
    let message: unknown;
    try {
      message = decodeFrame(bytes);
    } catch (error) {
      const what = error instanceof TypeError ? "UTF-8" : "JSON";
      throw new ProtocolError(`Cannot understand message: it is not ${what}`);
    }
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw new ProtocolError("Cannot understand message: it is not an object");
    }
    const { payload, ...fields } = message as Record<string, unknown>;
    if (payload === undefined) {
      if (fields["kind"] === "write") throw new ProtocolError("Cannot write: the message has no payload");
      return { fields, payload: NO_BYTES };
    }
    if (typeof payload !== "number" || !Number.isSafeInteger(payload) || payload < 0) {
      throw new ProtocolError('Cannot understand message: "payload" is not a number of bytes');
    }
    return { fields, payload: this.#payload(payload, fields["kind"]) };
  }

  #payload(length: number, kind: unknown): Uint8Array<ArrayBuffer> {
    if (kind === "write" && length <= MAX_PAYLOAD) return this.#take(length);
    this.#skip(length);
    if (length > MAX_PAYLOAD) {
      throw new TooLargeError(`Cannot take payload: ${length} bytes are more than ${MAX_PAYLOAD}`);
    }
    throw new ProtocolError('Cannot understand message: only "write" has a payload');
  }

  #send({ answer, payload }: Reply): void {
    const message = payload === undefined ? answer : { ...answer, payload: payload.length };
    const frame = encodeFrame(message);
    if (frame === undefined) {
      const what = new TooLargeError("Cannot answer: the answer is larger than a frame; ask for less");
      return this.#send({ answer: answerOf(what) });
    }
    for (const piece of piecesOf(frame, payload)) this.#write(piece);
  }

  #write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += this.output.writeSync(bytes.subarray(done));
    } catch (error) {
      throw new BrokenOutput("Cannot answer: nobody listens", { cause: error });
    }
  }
}

/** The client has gone away. */
export class BrokenOutput extends Error {}

/**
 * Serves requests in order until the client is done. It blocks: there is nothing else to do, and nothing is quicker.
 *
 * @param check Tells a request from a message of another form
 * @returns Why it ended
 * @throws {BrokenOutput} where the client has gone away
 */
export function serve(
  served: Served,
  input: SyncInput,
  output: SyncOutput,
  check: typeof checkRequest,
): End {
  return new Session(served, input, output, check).run();
}
