import { Worker, type WorkerOptions } from "./client.ts";
import { WorkerFileSystem } from "./worker_file_system.ts";

/** A worker that is lent; disposing of the lease gives it back. */
export interface Lease extends AsyncDisposable {
  readonly worker: Worker;
  readonly files: WorkerFileSystem;
}

/** How a pool keeps its workers. */
export interface PoolOptions {
  /** Idle workers that are kept for each key; 4 unless given. */
  readonly warm?: number;
  readonly spawn?: (options: WorkerOptions) => Promise<Worker>;
}

const WARM = 4;

/** JSON with the keys of objects in order, so that what means the same reads the same. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** Warm workers, in buckets of the same root, policy and proxy; one is never handed to another key. */
export class WorkerPool implements AsyncDisposable {
  readonly #idle = new Map<string, Worker[]>();
  readonly #lent = new Set<Worker>();
  readonly #proxies = new WeakMap<object, number>();
  readonly #warm: number;
  readonly #spawn: NonNullable<PoolOptions["spawn"]>;
  #known = 0;
  #disposed = false;

  constructor({ warm = WARM, spawn = (options) => Worker.spawn(options) }: PoolOptions = {}) {
    this.#warm = warm;
    this.#spawn = spawn;
  }

  // A proxy is the same only as an object: another one has another credential, or other rules.
  #keyOf({ proxy, root, ...rest }: WorkerOptions): string {
    if (proxy !== undefined && !this.#proxies.has(proxy)) this.#proxies.set(proxy, ++this.#known);
    const number = proxy === undefined ? 0 : this.#proxies.get(proxy);
    return canonical({ ...rest, root: Deno.realPathSync(root), proxy: number });
  }

  #bucket(key: string): Worker[] {
    const bucket = this.#idle.get(key) ?? [];
    this.#idle.set(key, bucket);
    return bucket;
  }

  /** Starts workers until so many are warm for a key; never more than the pool keeps. */
  async prewarm(options: WorkerOptions, count: number): Promise<void> {
    const bucket = this.#bucket(this.#keyOf(options));
    const missing = Math.max(0, Math.min(count, this.#warm) - bucket.length);
    const spawned = await Promise.all(Array.from({ length: missing }, () => this.#spawn(options)));
    for (const worker of spawned) await this.#keep(bucket, worker);
  }

  /**
   * Hands out a worker that has just answered, a warm one where there is one.
   *
   * @throws {TransportError} where none could be started
   */
  async acquire(options: WorkerOptions): Promise<Lease> {
    if (this.#disposed) throw new TypeError("Cannot acquire a worker: the pool has been disposed of");
    const bucket = this.#bucket(this.#keyOf(options));
    for (let worker = bucket.pop(); worker !== undefined; worker = bucket.pop()) {
      this.#lent.add(worker);
      if (await worker.ping()) return this.#lease(worker, bucket);
      await this.#drop(worker);
    }
    const worker = await this.#spawn(options);
    this.#lent.add(worker);
    return this.#lease(worker, bucket);
  }

  #lease(worker: Worker, bucket: Worker[]): Lease {
    let returned = false;
    const failures = worker.failures;
    return {
      worker,
      files: new WorkerFileSystem(worker),
      [Symbol.asyncDispose]: async () => {
        if (returned) return;
        returned = true;
        // One that has failed, or is still at something, is not for the next.
        const isClean = worker.isAlive && worker.isIdle && worker.failures === failures;
        if (!isClean) return await this.#drop(worker);
        this.#lent.delete(worker);
        await this.#keep(bucket, worker);
      },
    };
  }

  async #keep(bucket: Worker[], worker: Worker): Promise<void> {
    if (this.#disposed || bucket.length >= this.#warm) return await worker[Symbol.asyncDispose]();
    bucket.push(worker);
  }

  async #drop(worker: Worker): Promise<void> {
    this.#lent.delete(worker);
    await worker[Symbol.asyncDispose]();
  }

  /** Ends all workers, those that are lent too. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const all = [...this.#lent, ...[...this.#idle.values()].flat()];
    this.#idle.clear();
    this.#lent.clear();
    await Promise.all(all.map((worker) => worker[Symbol.asyncDispose]()));
  }
}
