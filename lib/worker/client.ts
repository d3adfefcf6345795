import type { ProxyHandle } from "../egress/proxy_handle.ts";
import { ownProgram } from "../launch/own_program.ts";
import type { PolicyDocument } from "../policy/policy_schema.ts";
import { type Answers, ERROR_CODES, type ErrorAnswer, type RequestKind, type Requests } from "./protocol.ts";
import type { Message } from "./connection.ts";
import { errorOf, TransportError, WorkerError } from "./worker_error.ts";
import { within } from "./within.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What a worker is started with. */
export interface WorkerOptions {
  /** Directory that is served. */
  readonly root: string;
  /** Policy, as in a policy file; relative paths start at the root. */
  readonly policy?: PolicyDocument;
  /** Flags of `tombolo worker` beside it, such as `--policy=FILE`. */
  readonly flags?: readonly string[];
  /** Its variables are among those that the worker tells. */
  readonly proxy?: Pick<ProxyHandle, "environment">;
  /** The environment that the policy chooses from; that of this process unless given. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Arguments of /bin/sh that start tombolo, such as the path of bin/tombolo; this tombolo unless given. */
  readonly program?: readonly string[];
  /** Milliseconds that one request may take; 30,000 unless given. */
  readonly deadline?: number;
  /** Milliseconds until a started worker must be ready; 5,000 unless given. */
  readonly readyWithin?: number;
  /** Waits until a new worker may be started; a timer unless given. */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

/** What came of a request. */
export interface Response<Kind extends RequestKind> {
  readonly answer: Answers[Kind];
  readonly payload: Uint8Array<ArrayBuffer>;
}

const DEADLINE_MS = 30_000;
const READY_MS = 5000;
const CONNECT_MS = 2000;
const RESPAWN_MS = 1000;

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The policy as the tool takes it, with the variables of a proxy in front: what the policy sets itself stays. */
function policyText({ policy, proxy }: WorkerOptions): string | undefined {
  if (proxy === undefined) return policy === undefined ? undefined : JSON.stringify(policy);
  const set = { ...Object.fromEntries(proxy.environment()), ...policy?.env?.set };
  return JSON.stringify({ ...policy, env: { ...policy?.env, set } });
}

function isError(fields: Message["fields"]): fields is Message["fields"] & ErrorAnswer {
  return fields["kind"] === "error" && ERROR_CODES.some((code) => code === fields["code"]) &&
    typeof fields["message"] === "string";
}

const ANSWER_KINDS: Readonly<Record<RequestKind, string>> = {
  ping: "pong",
  shutdown: "pong",
  read: "read",
  write: "write",
  edit: "edit",
  list: "list",
  stat: "stat",
  glob: "glob",
  grep: "grep",
  make_dir: "ok",
  remove: "ok",
  rename: "ok",
  get_env: "get_env",
};

/**
 * A filesystem worker in a sandbox of its own.
 *
 * Requests go one after the other. One that meets its deadline, a crash or a broken answer ends the worker and is rejected
 * with a {@linkcode TransportError}; the next request starts a new one, once in a second at most.
 *
 * @example
 * ```ts ignore
 * await using worker = await Worker.spawn({ root: "/path/to/project" });
 * const { payload } = await worker.request("read", { path: "README.md" });
 * ```
 */
export class Worker implements AsyncDisposable {
  #process: WorkerProcess | undefined;
  #startedAt = -Infinity;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #failures = 0;
  #disposed = false;

  private constructor(private readonly options: WorkerOptions) {}

  /**
   * Starts a worker.
   *
   * @throws {TransportError} where it does not come up, with the last lines that it said
   */
  static async spawn(options: WorkerOptions): Promise<Worker> {
    const worker = new Worker(options);
    await worker.#start();
    return worker;
  }

  /** Whether its process runs; a dead one is replaced by the next request. */
  get isAlive(): boolean {
    return this.#process?.isRunning ?? false;
  }

  /** Whether no request waits or is under way. */
  get isIdle(): boolean {
    return this.#waiting === 0;
  }

  /** How many requests have ended the worker. */
  get failures(): number {
    return this.#failures;
  }

  /** The pid of the tool around the sandbox; `undefined` while there is none. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async #start(): Promise<WorkerProcess> {
    const { root, flags = [], environment = Deno.env.toObject() } = this.options;
    const policy = policyText(this.options);
    this.#startedAt = performance.now();
    this.#process = await WorkerProcess.start({
      args: [`--root=${root}`, ...flags],
      // Reading a policy costs a start some ten milliseconds.
      environment: { ...environment, ...(policy === undefined ? {} : { TOMBOLO_WORKER_POLICY: policy }) },
      program: this.options.program ?? ownProgram().again,
      readyWithin: this.options.readyWithin ?? READY_MS,
      connectWithin: CONNECT_MS,
    });
    return this.#process;
  }

  async #running(): Promise<WorkerProcess> {
    if (this.#disposed) throw new TransportError("Cannot use worker: it has been disposed of");
    if (this.#process?.isRunning) return this.#process;
    const wait = this.#startedAt + RESPAWN_MS - performance.now();
    if (wait > 0) await (this.options.wait ?? sleep)(wait);
    return await this.#start();
  }

  /**
   * Asks the worker for something, after what was asked before.
   *
   * @param payload Raw bytes, for `write`
   * @param into Where the raw bytes of the answer go, if there is room for them
   * @throws {WorkerError} Its class and code tell what the worker answered
   * @throws {TransportError} where there was no answer; whether the request had an effect is not known then
   */
  async request<Kind extends RequestKind>(
    kind: Kind,
    fields: Requests[Kind],
    payload?: Uint8Array,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Response<Kind>> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    this.#waiting++;
    try {
      await before;
      return await this.#exchange(await this.#running(), kind, { kind, ...fields }, payload, into);
    } finally {
      this.#waiting--;
      resolve();
    }
  }

  async #exchange<Kind extends RequestKind>(
    process: WorkerProcess,
    kind: Kind,
    message: object,
    payload: Uint8Array | undefined,
    into: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<Response<Kind>> {
    const { deadline = DEADLINE_MS } = this.options;
    const late = () =>
      new TransportError(`Cannot ${kind}: the worker has not answered within ${deadline} ms`);
    try {
      return await within(answerTo(process, kind, message, payload, into), deadline, late);
    } catch (error) {
      if (error instanceof WorkerError) throw error;
      this.#failures++;
      await process.kill();
      if (error instanceof TransportError) throw error;
      throw new TransportError(`Cannot ${kind}: the worker has gone away`, { cause: error });
    }
  }

  /** Whether the worker answers; a dead one is not replaced. */
  async ping(): Promise<boolean> {
    if (!this.isAlive) return false;
    return await this.request("ping", {}).then(() => true, () => false);
  }

  /** Ends the worker. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await (this.isIdle ? this.#process?.close() : this.#process?.kill());
  }
}

async function answerTo<Kind extends RequestKind>(
  { connection }: WorkerProcess,
  kind: Kind,
  message: object,
  payload: Uint8Array | undefined,
  into: Uint8Array<ArrayBuffer> | undefined,
): Promise<Response<Kind>> {
  await connection.send(message, payload);
  const received = await connection.receive(into);
  const { fields } = received;
  if (isError(fields)) throw errorOf(fields);
  if (fields["kind"] !== ANSWER_KINDS[kind]) {
    throw new TransportError(`Cannot ${kind}: the worker answered something else`);
  }
  return { answer: fields as unknown as Answers[Kind], payload: received.payload };
}
