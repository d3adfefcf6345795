import { writeAll } from "../egress/byte_reader.ts";
import { close } from "../egress/close.ts";
import { decodeFrame, encodeFrame, frameLength, HEADER, piecesOf } from "./frame.ts";
import { MAX_FRAME, MAX_PAYLOAD } from "./protocol.ts";
import { TooLargeError, TransportError } from "./worker_error.ts";

const BUFFER = 64 * 1024;

/** A message from the other side, and what followed it raw. */
export interface Message {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array<ArrayBuffer>;
}

const NO_BYTES = new Uint8Array(0);

/** The client's end of the protocol, on a stream of bytes. */
export class Connection {
  readonly #buffer = new Uint8Array(BUFFER);
  #start = 0;
  #end = 0;

  constructor(private readonly stream: Deno.Conn) {}

  /**
   * Sends a message.
   *
   * @throws {TooLargeError} where it is larger than a frame; nothing has been sent
   */
  async send(message: object, payload?: Uint8Array): Promise<void> {
    const frame = encodeFrame(payload === undefined ? message : { ...message, payload: payload.length });
    if (frame === undefined) throw new TooLargeError("Cannot send request: it is larger than 1 MiB");
    for (const piece of piecesOf(frame, payload)) await writeAll(this.stream, piece);
  }

  /**
   * Waits for a message.
   *
   * @param into Where its payload goes, if there is room for it
   * @throws {TransportError} where the other side is gone, or speaks another protocol
   */
  async receive(into?: Uint8Array<ArrayBuffer>): Promise<Message> {
    const length = frameLength(await this.#take(HEADER));
    if (length > MAX_FRAME) throw new TransportError(`Cannot read answer: its frame has ${length} bytes`);
    const fields = this.#parse(await this.#take(length));
    const size = fields["payload"] ?? 0;
    if (typeof size !== "number" || !Number.isInteger(size) || size < 0 || size > MAX_PAYLOAD) {
      throw new TransportError("Cannot read answer: its payload is not a possible number of bytes");
    }
    if (size === 0) return { fields, payload: NO_BYTES };
    const fits = into !== undefined && into.length >= size;
    return { fields, payload: await this.#take(size, fits ? into.subarray(0, size) : undefined) };
  }

  #parse(bytes: Uint8Array): Message["fields"] {
    let message: unknown;
    try {
      message = decodeFrame(bytes);
    } catch (error) {
      throw new TransportError("Cannot read answer: it is not JSON in UTF-8", { cause: error });
    }
    if (typeof message === "object" && message !== null) return message as Record<string, unknown>;
    throw new TransportError("Cannot read answer: it is not an object");
  }

  async #take(length: number, target = new Uint8Array(length)): Promise<Uint8Array<ArrayBuffer>> {
    for (let done = 0; done < length;) {
      const left = Math.min(this.#end - this.#start, length - done);
      if (left > 0) {
        target.set(this.#buffer.subarray(this.#start, this.#start + left), done);
        this.#start += left;
        done += left;
        continue;
      }
      // What is large goes straight to its place.
      const isLarge = length - done >= BUFFER;
      const count = await this.stream.read(isLarge ? target.subarray(done) : this.#buffer);
      if (count === null || count === 0) throw new TransportError("The worker has ended the connection");
      if (isLarge) done += count;
      else [this.#start, this.#end] = [0, count];
    }
    return target;
  }

  close(): void {
    close(this.stream);
  }
}
