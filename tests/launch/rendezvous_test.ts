import assert from "node:assert/strict";
import { rendezvous } from "../../lib/launch/rendezvous.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const GREETING = [0x62]; // "b"

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

  async bridge(bytes: readonly number[]): Promise<Deno.Conn> {
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

// A connection that is refused stays open until the process ends, which follows at once.
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeResources: false, sanitizeOps: false });
}

test("the bridge is answered, and the connection closed", async () => {
  using meeting = new Meeting();
  const bridge = await meeting.bridge(GREETING);
  assert.equal(await meeting.met, true);
  assert.equal((await readAll(bridge)).length, 1);
});

test("it is told to the caller before the bridge is answered", async () => {
  using directory = new TempDirectory();
  const listener = Deno.listen({ transport: "unix", path: directory.at("s") });
  const bridge = await Deno.connect({ transport: "unix", path: directory.at("s") });
  await bridge.write(Uint8Array.from(GREETING));
  const answered: boolean[] = [];
  const answer = readAll(bridge).then(() => answered.push(true));
  await rendezvous(listener, new Promise(() => {}), () => void answered.push(false));
  await answer;
  assert.deepEqual(answered, [false, true]);
  for (const resource of [bridge, listener]) resource.close();
});

test("a bridge that hangs up without a word is an error", async () => {
  using meeting = new Meeting();
  (await meeting.bridge([])).close();
  await fails(meeting, /stage2 hung up/);
});

test("another greeting is an error", async () => {
  for (const byte of [0x00, 0x05, 0x42, 0x6c, 0xff]) {
    using meeting = new Meeting();
    await meeting.bridge([byte, 0, 0]);
    await fails(meeting, /stage2 said something unexpected/);
  }
});

test("a sandbox that ends early is waited for no longer", async () => {
  using meeting = new Meeting();
  meeting.endSandbox();
  assert.equal(await meeting.met, false);
});
