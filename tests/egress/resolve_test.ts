import assert from "node:assert/strict";
import { staticResolver, systemResolver, untilAborted } from "../../lib/egress/resolve.ts";
import { ip } from "./fixtures/net_policy.ts";

const never = new AbortController().signal;

Deno.test("the system resolver knows what the hosts file says", async () => {
  const addresses = (await systemResolver("localhost", never)).map(String);
  assert.ok(
    addresses.length > 0 && addresses.every((text) => text === "127.0.0.1" || text === "::1"),
    String(addresses),
  );
});

Deno.test("the system resolver rejects for a name that cannot exist", async () => {
  // An empty label is refused without any query leaving this machine.
  await assert.rejects(systemResolver("a..b", never));
});

Deno.test("an aborted look-up rejects with the signal's reason", async () => {
  const reason = new Error("enough");
  await assert.rejects(systemResolver("localhost", AbortSignal.abort(reason)), reason);
});

Deno.test("static names are answered from the map, the others by the next resolver", async () => {
  const resolver = staticResolver(
    new Map([["a.test", [ip("10.0.0.1")]]]),
    () => Promise.resolve([ip("10.0.0.2")]),
  );
  assert.deepEqual((await resolver("a.test", never)).map(String), ["10.0.0.1"]);
  assert.deepEqual((await resolver("b.test", never)).map(String), ["10.0.0.2"]);
});

Deno.test("waiting until aborted settles with whichever comes first", async () => {
  assert.equal(await untilAborted(Promise.resolve(7), never), 7);
  const controller = new AbortController();
  const waiting = untilAborted(new Promise(() => {}), controller.signal);
  controller.abort(new Error("stop"));
  await assert.rejects(waiting, /stop/);
});
