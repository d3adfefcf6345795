import { writeAll } from "../egress/byte_reader.ts";
import { close } from "../egress/close.ts";
import { INBOUND_ANSWER } from "./inbound_answer.ts";

/** A sandbox whose bridge is stuck, or whose server leaves connections in its queue, is waited for no longer. */
const ANSWER_MS = 10_000;

/** Why no connection to a port of the sandbox came about. */
export class InboundError extends Error {
  override readonly name = "InboundError";
}

/**
 * The host's end of the way to published ports: a unix socket where the bridge keeps connections in store. The queue of
 * the socket is the store, so the kernel bounds it.
 */
export class InboundChannel implements Disposable {
  readonly #listener: Deno.UnixListener;
  readonly #answerTimeout: number;
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param path Where the socket is made
   * @param answerTimeout Milliseconds for the sandbox to answer; 10,000 unless given
   */
  constructor(path: string, answerTimeout = ANSWER_MS) {
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, 0o600);
    this.#answerTimeout = answerTimeout;
  }

  /**
   * Connects to a port inside.
   *
   * @throws {InboundError} When nobody listens there, or the sandbox does not answer
   */
  async reach(port: number): Promise<Deno.Conn> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new InboundError("the sandbox does not answer")),
      this.#answerTimeout,
    );
    const next = this.#next();
    try {
      const inner = await Promise.race([next, late.promise]);
      await Promise.race([ask(inner, port), late.promise]);
      return inner;
    } catch (error) {
      next.then(close, () => {});
      throw error instanceof InboundError ? error : new InboundError("the sandbox has hung up");
    } finally {
      clearTimeout(timer);
    }
  }

  // One after the other: a listener accepts for one caller at a time.
  #next(): Promise<Deno.Conn> {
    const next = this.#turn.then(() => this.#listener.accept());
    this.#turn = next.catch(() => {});
    return next;
  }

  [Symbol.dispose](): void {
    close(this.#listener);
  }
}

async function ask(inner: Deno.Conn, port: number): Promise<void> {
  await writeAll(inner, Uint8Array.of(port >> 8, port & 0xff));
  const answer = new Uint8Array(1);
  if (await inner.read(answer) !== 1) throw new InboundError("the sandbox has hung up");
  if (answer[0] === INBOUND_ANSWER.connected) return;
  throw new InboundError(`nothing inside listens on port ${port}`);
}
