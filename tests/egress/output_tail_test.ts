import assert from "node:assert/strict";
import { OutputTail } from "../../lib/egress/output_tail.ts";

async function tailOf(chunks: readonly string[]): Promise<{ tail: OutputTail; lines: string[] }> {
  const lines: string[] = [];
  const tail = new OutputTail(
    ReadableStream.from(
      chunks.map((chunk) => Uint8Array.from(chunk, (character) => character.charCodeAt(0))),
    ),
    (line) => lines.push(line),
  );
  await tail.done;
  return { tail, lines };
}

Deno.test("lines are whole however they come, and blank ones are left out", async () => {
  const { tail, lines } = await tailOf(["on", "e\ntw", "o\n\n  \nthree\n", "rest"]);
  assert.deepEqual(lines, ["one", "two", "three"]);
  assert.deepEqual(tail.last(10), ["one", "two", "three", "rest"]);
  assert.deepEqual(tail.last(2), ["three", "rest"]);
});

Deno.test("only the last lines are kept, and the beginning of a long one", async () => {
  const many = Array.from({ length: 1000 }, (_, n) => `line ${n}\n`);
  const { tail, lines } = await tailOf([...many, "x".repeat(5000), "x".repeat(5000), "\nend"]);
  assert.equal(lines.length, 1001);
  const last = tail.last(1000);
  assert.equal(last.length, 21);
  assert.deepEqual(last.slice(-3), ["line 999", "x".repeat(500), "end"]);
});

Deno.test("a line without end, and bytes that are no UTF-8, are kept in bounds", async () => {
  const { tail } = await tailOf(Array.from({ length: 200 }, () => "\xff".repeat(1000)));
  assert.deepEqual(tail.last(3), ["\ufffd".repeat(500)]);
});

Deno.test("a stream that breaks leaves what has come", async () => {
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("one\n"));
    },
    pull(controller) {
      controller.error(new Error("broken"));
    },
  });
  const tail = new OutputTail(broken, () => {});
  await tail.done;
  assert.deepEqual(tail.last(3), ["one"]);
});

Deno.test("cancelling ends the reading of a stream that goes on", async () => {
  const tail = new OutputTail(new ReadableStream({ pull: () => new Promise(() => {}) }), () => {});
  await tail.cancel();
  assert.deepEqual(tail.last(3), []);
});
