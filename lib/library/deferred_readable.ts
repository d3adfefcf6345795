/** As the streams of a child process of Deno's. */
export type OutputStream = Deno.SubprocessReadableStream;

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

class DeferredReadable extends ReadableStream<Uint8Array<ArrayBuffer>> implements OutputStream {
  // Not by way of a response, which takes no stream that something has been read from.
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const part of this) parts.push(part);
    return await new Blob(parts).bytes() as Uint8Array<ArrayBuffer>;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  // deno-lint-ignore no-explicit-any -- as Deno declares it
  async json(): Promise<any> {
    return JSON.parse(await this.text());
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }
}

/**
 * A stream that there is before its source. Where a source ends without a byte, the next one is read if there is one.
 *
 * @param sourceAt Waits for a source; `undefined` where there will be none
 */
export function deferredReadable(sourceAt: (index: number) => Promise<Bytes | undefined>): OutputStream {
  let reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  let index = 0;
  let isEmpty = true;
  const readerOf = async () => reader ??= (await sourceAt(index))?.getReader();
  return new DeferredReadable({
    async pull(controller) {
      for (;;) {
        const result = await (await readerOf())?.read();
        if (result?.done === false) {
          isEmpty = false;
          return controller.enqueue(result.value);
        }
        if (result === undefined || !isEmpty) return controller.close();
        reader = undefined;
        index++;
      }
    },
    async cancel(reason) {
      await (await readerOf())?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
