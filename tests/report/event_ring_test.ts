import assert from "node:assert/strict";
import type { DecisionEvent } from "../../lib/report/event.ts";
import { EventRing } from "../../lib/report/event_ring.ts";

function event(target: string): DecisionEvent {
  return { time: "2030-01-01T00:00:00Z", kind: "net", decision: "deny", target, reason: "no rule allows it" };
}

Deno.test("the last events are kept, and how many made room is told", () => {
  const ring = new EventRing(3);
  for (let number = 0; number < 5; number++) ring.add(event(`${number}`));
  assert.deepEqual(ring.snapshot().map(({ target }) => target), ["2", "3", "4"]);
  assert.equal(ring.dropped, 2);
});

Deno.test("a ring keeps 200 events unless told otherwise", () => {
  const ring = new EventRing();
  for (let number = 0; number < 1000; number++) ring.add(event(`${number}`));
  assert.equal(ring.snapshot().length, 200);
  assert.equal(ring.dropped, 800);
});

Deno.test("a snapshot takes nothing out, and draining takes all", () => {
  const ring = new EventRing(3);
  ring.add(event("one"));
  const before = ring.snapshot();
  assert.deepEqual(ring.snapshot(), before);
  assert.deepEqual(ring.drain(), before);
  assert.deepEqual(ring.drain(), []);
  ring.add(event("two"));
  assert.deepEqual(before.map(({ target }) => target), ["one"]);
});
