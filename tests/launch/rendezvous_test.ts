import assert from "node:assert/strict";
import { rendezvous } from "../../lib/launch/rendezvous.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const BRIDGE = [0x62, 0x1f, 0x90]; // "b" and port 8080
const LAUNCH = [0x6c]; // "l"

/** A listener as the gateway has one, with a sandbox that ends when told to. */
class Meeting implements Disposable {
  readonly #directory = new TempDirectory();
  readonly #conns: Deno.Conn[] = [];
  readonly #ended = Promise.withResolvers<void>();
  readonly listener = Deno.listen({ transport: "unix", path: this.#directory.at("s") });
  readonly met = rendezvous(this.listener, this.#ended.promise);

  constructor() {
    // What it rejects with is asked for later.
    this.met.catch(() => {});
  }

  async half(bytes: readonly number[]): Promise<Deno.Conn> {
    const conn = await Deno.connect({ transport: "unix", path: this.#directory.at("s") });
    this.#conns.push(conn);
    if (bytes.length > 0) await conn.write(Uint8Array.from(bytes));
    return conn;
  }

  endSandbox(): void {
    this.#ended.resolve();
  }

  [Symbol.dispose](): void {
    for (const resource of [...this.#conns, this.listener]) {
      try {
        resource.close();
      } catch {
        // The test has closed it.
      }
    }
    this.#directory[Symbol.dispose]();
  }
}

async function readAll(conn: Deno.Conn): Promise<number[]> {
  const all: number[] = [];
  const buffer = new Uint8Array(16);
  for (let count = await conn.read(buffer); count !== null; count = await conn.read(buffer)) {
    all.push(...buffer.subarray(0, count));
  }
  return all;
}

async function fails(meeting: Meeting, message: RegExp): Promise<void> {
  await assert.rejects(
    meeting.met,
    (error) => error instanceof TomboloError && error.status === 125 && message.test(error.message),
  );
}

// A half that is refused stays open until the process ends, which follows at once.
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeResources: false, sanitizeOps: false });
}

test("the launching half gets the bridge's port, whichever comes first", async () => {
  for (const order of [[BRIDGE, LAUNCH], [LAUNCH, BRIDGE]]) {
    using meeting = new Meeting();
    const conns = [];
    for (const bytes of order) conns.push(await meeting.half(bytes));
    assert.equal(await meeting.met, true);
    const launch = conns[order.indexOf(LAUNCH)];
    assert.ok(launch !== undefined);
    assert.deepEqual(await readAll(launch), [0x1f, 0x90]);
  }
});

test("a greeting may come in pieces", async () => {
  using meeting = new Meeting();
  const bridge = await meeting.half([]);
  const launch = await meeting.half(LAUNCH);
  for (const byte of BRIDGE) await bridge.write(Uint8Array.of(byte));
  assert.equal(await meeting.met, true);
  assert.deepEqual(await readAll(launch), [0x1f, 0x90]);
});

test("a half that hangs up before it has said all is an error", async () => {
  for (const bytes of [[], [0x62], [0x62, 1]]) {
    using meeting = new Meeting();
    const conn = await meeting.half(bytes);
    await meeting.half(LAUNCH);
    conn.close();
    await fails(meeting, /stage2 hung up/);
  }
});

test("a greeting of no half is an error", async () => {
  for (const byte of [0x00, 0x05, 0x42, 0xff]) {
    using meeting = new Meeting();
    await meeting.half([byte, 0, 0]);
    await meeting.half(LAUNCH);
    await fails(meeting, /stage2 said something unexpected/);
  }
});

test("one half twice is an error", async () => {
  for (const bytes of [BRIDGE, LAUNCH]) {
    using meeting = new Meeting();
    await meeting.half(bytes);
    await meeting.half(bytes);
    await fails(meeting, /one half of stage2 came twice/);
  }
});

test("a sandbox that ends early is waited for no longer", async () => {
  for (const greetings of [[], [LAUNCH], [BRIDGE]]) {
    using meeting = new Meeting();
    for (const bytes of greetings) await meeting.half(bytes);
    meeting.endSandbox();
    assert.equal(await meeting.met, false);
  }
});
