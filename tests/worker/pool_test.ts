import assert from "node:assert/strict";
import { Worker, type WorkerOptions } from "../../lib/worker/client.ts";
import { WorkerPool } from "../../lib/worker/pool.ts";
import { TransportError } from "../../lib/worker/worker_error.ts";
import { Box, until } from "../system/tombolo.ts";
import { optionsFor } from "./spawned.ts";

/** A pool that remembers what it has started. */
function watchedPool(warm: number) {
  const spawned: Worker[] = [];
  const spawn = async (options: WorkerOptions) => {
    const worker = await Worker.spawn(options);
    spawned.push(worker);
    return worker;
  };
  return { pool: new WorkerPool({ warm, spawn }), spawned };
}

Deno.test("a worker that was given back is handed out again for the same key, and for no other", async () => {
  await using box = await Box.create();
  await using other = await Box.create();
  const { pool, spawned } = watchedPool(4);
  await using _pool = pool;
  const proxy = { environment: () => new Map<string, string>() };
  const same: WorkerOptions = optionsFor(box, { policy: { read: { deny: ["a"] }, write: { deny: ["b"] } } });
  const keys: readonly WorkerOptions[] = [
    same,
    optionsFor(box),
    optionsFor(other),
    optionsFor(box, { policy: { read: { deny: ["b"] } } }),
    optionsFor(box, { flags: ["--deny-write=b"] }),
    optionsFor(box, { proxy }),
    optionsFor(box, { proxy: { environment: proxy.environment } }),
  ];
  for (const key of keys) {
    await using _lease = await pool.acquire(key);
  }
  assert.equal(spawned.length, keys.length);
  // The same rules in another order.
  await using lease = await pool.acquire({
    ...same,
    policy: { write: { deny: ["b"] }, read: { deny: ["a"] } },
  });
  assert.equal(lease.worker, spawned[0]);
  assert.equal(spawned.length, keys.length);
});

Deno.test("a worker that died in the pool is not handed out", async () => {
  await using box = await Box.create();
  const { pool, spawned } = watchedPool(2);
  await using _pool = pool;
  await pool.prewarm(optionsFor(box), 1);
  Deno.kill(spawned[0]?.pid ?? 0, "SIGKILL");
  await using lease = await pool.acquire(optionsFor(box));
  assert.notEqual(lease.worker, spawned[0]);
  assert.equal(await lease.worker.ping(), true);
});

Deno.test("a worker whose request failed, or is still under way, is replaced", async () => {
  await using box = await Box.create();
  await box.write("work/a", `${"a".repeat(4000)}!`);
  const { pool, spawned } = watchedPool(2);
  await using _pool = pool;
  const options = optionsFor(box, { deadline: 2000 });
  {
    await using lease = await pool.acquire(options);
    await assert.rejects(lease.files.grep("^(a+)+\\1$"), TransportError);
  }
  let running: Promise<unknown>;
  {
    await using lease = await pool.acquire(options);
    running = lease.files.grep("^(a+)+\\1$").catch(() => {});
  }
  await running;
  await using lease = await pool.acquire(options);
  assert.equal(spawned.indexOf(lease.worker), 2);
});

Deno.test("no more are kept warm than the pool may keep", async () => {
  await using box = await Box.create();
  const { pool, spawned } = watchedPool(1);
  await using _pool = pool;
  const [one, two] = [await pool.acquire(optionsFor(box)), await pool.acquire(optionsFor(box))];
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
  assert.deepEqual(spawned.map(({ isAlive }) => isAlive), [true, false]);
});

Deno.test("disposal ends all workers, those that are lent too", async () => {
  await using box = await Box.create();
  const { pool, spawned } = watchedPool(2);
  await pool.prewarm(optionsFor(box), 2);
  await pool.acquire(optionsFor(box));
  await pool[Symbol.asyncDispose]();
  await until(() => spawned.every(({ isAlive }) => !isAlive), "all workers to end");
  await assert.rejects(pool.acquire(optionsFor(box)), TypeError);
});
