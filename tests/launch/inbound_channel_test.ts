import assert from "node:assert/strict";
import { INBOUND_ANSWER } from "../../lib/launch/inbound_answer.ts";
import { InboundChannel, InboundError } from "../../lib/launch/inbound_channel.ts";
import { Wire } from "../egress/fixtures/wire.ts";
import { TempDirectory } from "./temp_directory.ts";

const { connected, refused } = INBOUND_ANSWER;

/** A channel, and connections to it as the bridge keeps them in store. */
class Meeting implements Disposable {
  readonly #directory = new TempDirectory();
  readonly #wires: Wire[] = [];
  readonly path = this.#directory.at("publish.sock");
  readonly channel: InboundChannel;

  constructor(answerTimeout?: number) {
    this.channel = new InboundChannel(this.path, answerTimeout);
  }

  async store(): Promise<Wire> {
    const wire = new Wire(await Deno.connect({ transport: "unix", path: this.path }));
    this.#wires.push(wire);
    return wire;
  }

  /** Reaches a port and keeps the connection until the end. */
  async reach(port: number): Promise<Wire> {
    const wire = new Wire(await this.channel.reach(port));
    this.#wires.push(wire);
    return wire;
  }

  [Symbol.dispose](): void {
    for (const wire of this.#wires) wire[Symbol.dispose]();
    this.channel[Symbol.dispose]();
    this.#directory[Symbol.dispose]();
  }
}

async function fails(reached: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(reached, (error) => error instanceof InboundError && message.test(error.message));
}

Deno.test("the port is asked for in two bytes, and what follows the answer belongs to the server", async () => {
  using meeting = new Meeting();
  const bridge = await meeting.store();
  const reached = meeting.reach(0x1f90);
  assert.equal(await bridge.exactly(2), "\x1f\x90");
  await bridge.send(Uint8Array.of(connected, 0x68, 0x69));
  const inner = await reached;
  assert.equal(await inner.exactly(2), "hi");
  await inner.send("yes");
  assert.equal(await bridge.exactly(3), "yes");
});

Deno.test("who asks before the bridge is there waits for it; several are served in the order they came", async () => {
  using meeting = new Meeting();
  const reached = [1, 2, 3].map((port) => meeting.reach(port));
  for (const [index, port] of ["\x01", "\x02", "\x03"].entries()) {
    const bridge = await meeting.store();
    assert.equal(await bridge.exactly(2), `\0${port}`);
    await bridge.send(Uint8Array.of(connected));
    await reached[index];
  }
});

Deno.test("a refusal is an error, and the next one may still get through", async () => {
  using meeting = new Meeting();
  for (const answer of [refused, 0x42]) {
    const bridge = await meeting.store();
    const reached = meeting.reach(3000);
    await bridge.exactly(2);
    await bridge.send(Uint8Array.of(answer));
    await fails(reached, /nothing inside listens on port 3000/);
    assert.equal(await bridge.toEnd(), "");
  }
  const bridge = await meeting.store();
  const reached = meeting.reach(3000);
  await bridge.send(Uint8Array.of(connected));
  await reached;
});

Deno.test("a bridge that hangs up is an error", async () => {
  using meeting = new Meeting();
  (await meeting.store())[Symbol.dispose]();
  await fails(meeting.reach(3000), /hung up/);
});

Deno.test("a bridge that is silent is waited for no longer than the limit, and let go", async () => {
  using meeting = new Meeting(1);
  const bridge = await meeting.store();
  await fails(meeting.reach(3000), /does not answer/);
  await bridge.toEnd();
  // Nobody in store at all: whoever comes too late is let go as well.
  await fails(meeting.reach(3000), /does not answer/);
  await (await meeting.store()).toEnd();
});

Deno.test("who waits when the channel is closed waits no longer", async () => {
  using meeting = new Meeting();
  const reached = meeting.reach(3000);
  meeting.channel[Symbol.dispose]();
  await fails(reached, /hung up/);
});

Deno.test("only the owner can connect to the socket", () => {
  using meeting = new Meeting();
  assert.equal((Deno.lstatSync(meeting.path).mode ?? 0) & 0o777, 0o600);
});
