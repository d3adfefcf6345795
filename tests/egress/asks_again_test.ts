import assert from "node:assert/strict";
import { asksAgain } from "../../lib/egress/asks_again.ts";
import { bytes, inRecords, number } from "./fixtures/client_hello.ts";
import { retryRequest } from "./fixtures/retry_request.ts";

/** In a ServerHello in its record. */
const LAST_OF_RANDOM = 42;
const WARNING = Uint8Array.of(0x15, 3, 3, 0, 2, 1, 112);

/** A ServerHello with another random value. */
function serverHello(random: Uint8Array): Uint8Array {
  return inRecords(bytes([2], number(3, 72), [3, 3], random, [32], new Uint8Array(32), [0x13, 1, 0], [0, 0]));
}

Deno.test("a HelloRetryRequest asks for another ClientHello, a ServerHello does not", () => {
  assert.equal(asksAgain(retryRequest()), true);
  assert.equal(asksAgain(serverHello(new Uint8Array(32))), false);
  const almost = retryRequest();
  almost[LAST_OF_RANDOM] = 0;
  assert.equal(asksAgain(almost), false);
});

Deno.test("it cannot be told before the random value is there", () => {
  for (let length = 0; length <= LAST_OF_RANDOM; length++) {
    assert.equal(asksAgain(retryRequest().subarray(0, length)), undefined, `${length}`);
  }
});

Deno.test("whatever is no ServerHello asks for nothing", () => {
  for (
    const answer of [[0x48, 0x54, 0x54, 0x50], [0x16, 3, 3, 0, 60, 0]]
  ) {
    assert.equal(asksAgain(Uint8Array.from(answer)), false);
  }
});

Deno.test("a warning before the answer changes nothing", () => {
  assert.equal(asksAgain(WARNING), undefined);
  assert.equal(asksAgain(bytes(WARNING, retryRequest())), true);
  assert.equal(asksAgain(bytes(WARNING, serverHello(new Uint8Array(32)))), false);
});

Deno.test("an answer in tiny records may hide the question", () => {
  assert.equal(asksAgain(inRecords(retryRequest().subarray(5), 1)), true);
});
