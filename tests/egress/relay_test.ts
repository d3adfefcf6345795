import assert from "node:assert/strict";
import { Refused, relay } from "../../lib/egress/relay.ts";
import { toBytes, Wire } from "./fixtures/wire.ts";

/** Two connected pairs: what is written to `left` comes out at `right` once a relay joins the inner ends. */
async function pairs() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const pair = async () =>
    await Promise.all([Deno.connect({ hostname: "127.0.0.1", port }), listener.accept()]);
  const [left, a] = await pair();
  const [right, b] = await pair();
  listener.close();
  const ends = [new Wire(left), new Wire(right)] as const;
  return {
    left: ends[0],
    right: ends[1],
    a,
    b,
    [Symbol.dispose]() {
      for (const wire of ends) wire[Symbol.dispose]();
    },
  };
}

/** Bytes that differ from their neighbours, so that a lost or doubled block shows. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff);
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

Deno.test("a half-close passes in each direction, and the other keeps flowing", async () => {
  for (const reversed of [false, true]) {
    using ends = await pairs();
    const done = relay(ends.a, ends.b);
    const [first, second] = reversed ? [ends.right, ends.left] : [ends.left, ends.right];
    await first.send("question");
    await first.endWriting();
    assert.equal(await second.toEnd(), "question");
    await second.send("answer after the end");
    await second.endWriting();
    assert.equal(await first.toEnd(), "answer after the end");
    const { aToB, bToA, ended } = await done;
    assert.deepEqual([reversed ? bToA : aToB, reversed ? aToB : bToA, ended], [8, 20, "eof"]);
  }
});

Deno.test("early bytes of either side come first and count", async () => {
  using ends = await pairs();
  const done = relay(ends.a, ends.b, { earlyA: toBytes("early a "), earlyB: toBytes("early b ") });
  await ends.left.send("later");
  await ends.right.send("later");
  await ends.left.endWriting();
  await ends.right.endWriting();
  assert.equal(await ends.right.toEnd(), "early a later");
  assert.equal(await ends.left.toEnd(), "early b later");
  assert.deepEqual(await done, { aToB: 13, bToA: 13, ended: "eof" });
});

Deno.test("what goes first may be read as it comes, and the rest follows", async () => {
  using ends = await pairs();
  async function* first() {
    const buffer = new Uint8Array(2);
    for (let read = 0; read < 4;) {
      const count = await ends.a.read(buffer) ?? 0;
      read += count;
      yield buffer.slice(0, count);
    }
  }
  const done = relay(ends.a, ends.b, { earlyA: first() });
  await ends.left.send("firstrest");
  await ends.right.send("meanwhile");
  assert.equal(await ends.left.exactly(9), "meanwhile");
  await ends.left.endWriting();
  await ends.right.endWriting();
  assert.equal(await ends.right.toEnd(), "firstrest");
  assert.deepEqual(await done, { aToB: 9, bToA: 9, ended: "eof" });
});

/** Lets nothing pass once the promise has settled. */
function refuseAfter(promise: Promise<unknown>): AsyncIterable<Uint8Array> {
  const next = async () => {
    await promise;
    throw new Refused("no");
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

Deno.test("what is refused reaches no byte of b, which is closed, while a can still be told", async () => {
  using ends = await pairs();
  const done = relay(ends.a, ends.b, { earlyA: refuseAfter(ends.a.read(new Uint8Array(1))) });
  await ends.right.send("before");
  assert.equal(await ends.left.exactly(6), "before");
  await ends.left.send("x");
  assert.deepEqual(await done, { aToB: 0, bToA: 6, ended: "refused" });
  assert.equal(await ends.right.toEnd(), "");
  await new Wire(ends.a).send("refused");
  ends.a.close();
  assert.equal(await ends.left.toEnd(), "refused");
});

Deno.test("a refusal waits no longer than the idle limit for an end that never reads", async () => {
  using ends = await pairs();
  const writing = Promise.withResolvers<void>();
  const written = Promise.withResolvers<number>();
  const full: Deno.Conn = new Proxy(ends.a, {
    get(connection, key) {
      if (key === "write") {
        return () => {
          writing.resolve();
          return written.promise;
        };
      }
      if (key === "close") written.reject(new Deno.errors.BadResource("closed"));
      const value = Reflect.get(connection, key, connection);
      return typeof value === "function" ? value.bind(connection) : value;
    },
  });
  const done = relay(full, ends.b, { earlyA: refuseAfter(writing.promise), idleTimeout: 50 });
  await ends.right.send("never read");
  assert.equal((await done).ended, "idle");
  assert.equal(await ends.left.toEnd(), "");
});

Deno.test("8 MiB each way at once arrive whole while buffers grow", async () => {
  using ends = await pairs();
  const sent = pattern(8 * 1024 * 1024);
  const done = relay(ends.a, ends.b);
  const sending = [ends.left, ends.right].map(async (wire) => {
    await wire.send(sent);
    await wire.endWriting();
  });
  const received = await Promise.all([ends.right.toEnd(), ends.left.toEnd()]);
  await Promise.all(sending);
  const expected = await digest(sent);
  for (const text of received) assert.equal(await digest(toBytes(text)), expected);
  assert.deepEqual(await done, { aToB: sent.length, bToA: sent.length, ended: "eof" });
});

Deno.test("silence in both directions ends the relay and closes both", async () => {
  using ends = await pairs();
  const { ended } = await relay(ends.a, ends.b, { idleTimeout: 30 });
  assert.equal(ended, "idle");
  assert.deepEqual([await ends.left.toEnd(), await ends.right.toEnd()], ["", ""]);
});

Deno.test("a destination that never reads is idle, however much is sent", async () => {
  using ends = await pairs();
  const done = relay(ends.a, ends.b, { idleTimeout: 100 });
  const sending = ends.left.send(new Uint8Array(64 * 1024 * 1024)).catch((error: Error) => error);
  assert.equal((await done).ended, "idle");
  assert.ok(await sending instanceof Error);
});

Deno.test("one direction alone keeps the shared idle clock from expiring", async () => {
  using busy = await pairs();
  using silent = await pairs();
  const busyDone = relay(busy.a, busy.b, { idleTimeout: 150 });
  const timer = setInterval(() => busy.right.send("x"), 10);
  // The silent companion has the same limit and starts later: its end proves that the limit has passed.
  assert.equal((await relay(silent.a, silent.b, { idleTimeout: 150 })).ended, "idle");
  await busy.left.send("still open");
  assert.equal(await busy.right.until("still open"), "still open");
  clearInterval(timer);
  await busy.left.endWriting();
  await busy.right.endWriting();
  assert.equal((await busyDone).ended, "eof");
});

Deno.test("the total limit ends a busy relay", async () => {
  using ends = await pairs();
  const timer = setInterval(() => ends.right.send("x").catch(() => {}), 5);
  const { ended } = await relay(ends.a, ends.b, { totalTimeout: 100, idleTimeout: 60_000 });
  clearInterval(timer);
  assert.equal(ended, "total");
});

Deno.test("a signal ends the relay, before and while it runs", async () => {
  for (const early of [true, false]) {
    using ends = await pairs();
    const controller = new AbortController();
    if (early) controller.abort();
    const done = relay(ends.a, ends.b, { signal: controller.signal });
    controller.abort();
    assert.equal((await done).ended, "aborted");
    assert.equal(await ends.left.toEnd(), "");
  }
});

Deno.test("a closed connection ends the relay as an error, without rejecting", async () => {
  using ends = await pairs();
  ends.a.close();
  assert.equal((await relay(ends.a, ends.b)).ended, "error");
  assert.equal(await ends.right.toEnd(), "");
});

Deno.test("what a server said before it stopped reading is still delivered", async () => {
  using ends = await pairs();
  const done = relay(ends.a, ends.b);
  await ends.right.send("too large");
  await ends.right.endWriting();
  assert.equal(await ends.left.toEnd(), "too large");
  await ends.left.endWriting();
  await done;
});

Deno.test("buffers stay below the limit they are given", async () => {
  using ends = await pairs();
  const sizes: number[] = [];
  const watched: Deno.Conn = new Proxy(ends.b, {
    get(connection, key) {
      if (key === "write") {
        return (bytes: Uint8Array) => {
          sizes.push(bytes.buffer.byteLength);
          return connection.write(bytes);
        };
      }
      const value = Reflect.get(connection, key, connection);
      return typeof value === "function" ? value.bind(connection) : value;
    },
  });
  const done = relay(ends.a, watched, { bufferLimit: () => 32 * 1024 });
  const receiving = ends.right.toEnd();
  await ends.left.send(new Uint8Array(4 * 1024 * 1024));
  await ends.left.endWriting();
  await ends.right.endWriting();
  await receiving;
  await done;
  assert.ok(sizes.length > 0 && Math.max(...sizes) <= 32 * 1024, `largest ${Math.max(...sizes)}`);
});
