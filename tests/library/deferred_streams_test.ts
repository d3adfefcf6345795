import assert from "node:assert/strict";
import { deferredReadable } from "../../lib/library/deferred_readable.ts";
import { deferredWritable } from "../../lib/library/deferred_writable.ts";
import { Starts } from "../../lib/library/starts.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const streamOf = (...parts: readonly string[]) =>
  ReadableStream.from(parts.map(bytes)) as ReadableStream<Uint8Array<ArrayBuffer>>;

function sink(): { stream: WritableStream<Uint8Array>; text: () => string; isClosed: () => boolean } {
  let text = "";
  let closed = false;
  const stream = new WritableStream<Uint8Array>({
    write: (chunk) => void (text += new TextDecoder().decode(chunk)),
    close: () => void (closed = true),
  });
  return { stream, text: () => text, isClosed: () => closed };
}

Deno.test("a stream can be read before there is anything to read from", async () => {
  const { promise, resolve } = Promise.withResolvers<ReadableStream<Uint8Array<ArrayBuffer>>>();
  const text = deferredReadable(() => promise).text();
  resolve(streamOf("one ", "two"));
  assert.equal(await text, "one two");
});

Deno.test("a source that ends without a byte is followed by the next", async () => {
  const sources = [streamOf(), streamOf(), streamOf("third"), streamOf("never")];
  assert.equal(await deferredReadable((index) => Promise.resolve(sources[index])).text(), "third");
});

Deno.test("a stream without any source is empty", async () => {
  const stream = deferredReadable(() => Promise.resolve(undefined));
  assert.equal((await stream.bytes()).length, 0);
});

Deno.test("output can be had as bytes, text, JSON and a buffer, also what is left of it", async () => {
  const make = () =>
    deferredReadable((index) => Promise.resolve(index === 0 ? streamOf('{"a"', ":1}") : undefined));
  assert.deepEqual(await make().json(), { a: 1 });
  assert.equal((await make().arrayBuffer()).byteLength, 7);
  const begun = make();
  const reader = begun.getReader();
  await reader.read();
  reader.releaseLock();
  assert.equal(await begun.text(), ":1}");
});

Deno.test("a stream that is cancelled cancels its source", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({ cancel: resolve });
  await deferredReadable(() => Promise.resolve(source)).cancel("enough");
  assert.equal(await promise, "enough");
});

Deno.test("what is written waits for its target, and whether any was passed on is told", async () => {
  const { promise, resolve } = Promise.withResolvers<WritableStream<Uint8Array>>();
  const input = deferredWritable(() => promise);
  const writer = input.stream.getWriter();
  const written = writer.write(bytes("text"));
  assert.equal(input.isUsed(), false);
  const target = sink();
  resolve(target.stream);
  await written;
  assert.equal(input.isUsed(), true);
  await writer.close();
  assert.deepEqual([target.text(), target.isClosed()], ["text", true]);
});

Deno.test("an input that was closed unused is closed again in the place of its target", async () => {
  const first = sink();
  const input = deferredWritable(() => Promise.resolve(first.stream));
  await input.stream.close();
  assert.deepEqual([input.isUsed(), first.isClosed()], [false, true]);
  const second = sink();
  await input.moveTo(second.stream);
  assert.equal(second.isClosed(), true);
});

Deno.test("who waits for a start hears that there will be none", async () => {
  const starts = new Starts();
  const waiting = starts.at(0);
  starts.end();
  assert.equal(await waiting, undefined);
  assert.equal(starts.latest, undefined);
});
