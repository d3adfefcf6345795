import assert from "node:assert/strict";
import { Slots } from "../../lib/egress/slots.ts";

const never = new AbortController().signal;

Deno.test("slots are handed out in order once they come free", async () => {
  const slots = new Slots(1);
  const first = await slots.acquire(never);
  const order: number[] = [];
  const waiting = [1, 2].map(async (number) => {
    const release = await slots.acquire(never);
    order.push(number);
    release();
  });
  assert.equal(slots.used, 1);
  first();
  await Promise.all(waiting);
  assert.deepEqual([order, slots.used], [[1, 2], 0]);
});

Deno.test("giving a slot back twice frees it once", async () => {
  const slots = new Slots(1);
  const release = await slots.acquire(never);
  release();
  release();
  const held = await slots.acquire(never);
  let second = false;
  const waiting = slots.acquire(never).then((give) => {
    second = true;
    give();
  });
  await Promise.resolve();
  assert.equal(second, false);
  held();
  await waiting;
});

Deno.test("whoever gives up the place in the queue loses no slot", async () => {
  const slots = new Slots(1);
  const held = await slots.acquire(never);
  const controller = new AbortController();
  const impatient = slots.acquire(controller.signal);
  controller.abort(new Error("no longer"));
  await assert.rejects(impatient, /no longer/);
  held();
  (await slots.acquire(never))();

  // Called and aborted in the same moment, in either order.
  for (const abortFirst of [true, false]) {
    const again = await slots.acquire(never);
    const late = new AbortController();
    const torn = slots.acquire(late.signal).then((release) => release(), () => {});
    if (abortFirst) late.abort();
    again();
    late.abort();
    await torn;
    (await slots.acquire(AbortSignal.timeout(5000)))();
  }
  assert.equal(slots.used, 0);
});
