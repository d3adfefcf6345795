import type { Random } from "./mutate.ts";

/** A connection whose client has sent everything already, and gets it read in random pieces. What is written is lost. */
export class MemoryConnection implements Deno.Conn {
  readonly localAddr: Deno.Addr = { transport: "unix", path: "local" };
  readonly remoteAddr: Deno.Addr = { transport: "unix", path: "remote" };
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>> = new ReadableStream();
  readonly writable: WritableStream<Uint8Array<ArrayBufferLike>> = new WritableStream();
  #at = 0;

  constructor(private readonly bytes: Uint8Array, private readonly random: Random) {}

  read(buffer: Uint8Array): Promise<number | null> {
    const left = this.bytes.subarray(this.#at);
    if (left.length === 0) return Promise.resolve(null);
    const count = Math.min(buffer.length, left.length, 1 + this.random.next(left.length));
    buffer.set(left.subarray(0, count));
    this.#at += count;
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
  ref(): void {}
  unref(): void {}
  [Symbol.dispose](): void {}
}
