/** A stream that there is before where it leads to. */
export interface DeferredWritable {
  /** What is written waits until there is something that takes it. */
  readonly stream: WritableStream<Uint8Array>;
  /** Whether a byte has been passed on: whatever has taken it cannot be replaced any more. */
  readonly isUsed: () => boolean;
  /** Closes what has taken the place of the target meanwhile, where the stream has been closed. */
  readonly moveTo: (target: WritableStream<Uint8Array>) => Promise<void>;
}

/**
 * Makes a stream that passes on what is written to it.
 *
 * @param target Waits for where it leads to
 */
export function deferredWritable(target: () => Promise<WritableStream<Uint8Array>>): DeferredWritable {
  let writer: WritableStreamDefaultWriter<Uint8Array> | undefined;
  let isClosed = false;
  const stream = new WritableStream<Uint8Array>({
    async write(chunk) {
      writer ??= (await target()).getWriter();
      await writer.write(chunk);
    },
    async close() {
      isClosed = true;
      await (writer ?? await target()).close();
    },
    async abort(reason) {
      isClosed = true;
      await (writer ?? await target()).abort(reason);
    },
  });
  return {
    stream,
    isUsed: () => writer !== undefined,
    async moveTo(next) {
      if (isClosed) await next.close();
    },
  };
}
