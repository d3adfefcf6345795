import { OutputTail } from "../egress/output_tail.ts";
import { LONGEST_SOCKET_PATH, openDirectories } from "../launch/state_directory.ts";
import { escape } from "../report/escape.ts";
import { Connection } from "./connection.ts";
import { READY } from "./protocol.ts";
import { within } from "./within.ts";
import { TransportError } from "./worker_error.ts";

/** How a worker's process is started. */
export interface ProcessOptions {
  /** Arguments after `tombolo worker --socket=PATH`. */
  readonly args: readonly string[];
  /** The whole environment of the tool. */
  readonly environment: Readonly<Record<string, string>>;
  /** Arguments of /bin/sh that start tombolo. */
  readonly program: readonly string[];
  /** Milliseconds until it must have said that it is up. */
  readonly readyWithin: number;
  /** Milliseconds until the connection must stand. */
  readonly connectWithin: number;
}

const PREFIX = "w-";
/** As long as what makeTempDir puts behind a prefix. */
const RANDOM = "0123456789abcdef";
const STDERR_LINES = 5;
// A worker that does not heed TERM gets KILL.
const KILL_AFTER_MS = 1000;

/** A private directory for one socket; it is needed until the connection stands. */
class SocketDirectory implements Disposable {
  readonly #path: string;
  readonly socket: string;

  constructor(environment: ProcessOptions["environment"]) {
    const { run } = openDirectories((name) => environment[name], Deno.uid());
    // The tool binds the socket in a directory of its own beside its place, and moves it there.
    const longest = `${run}/${PREFIX}${RANDOM}/.t${RANDOM}/s`;
    const fits = new TextEncoder().encode(longest).length <= LONGEST_SOCKET_PATH;
    // Mode 0700 is makeTempDir's own.
    this.#path = Deno.makeTempDirSync({ dir: fits ? run : "/tmp", prefix: PREFIX });
    this.socket = `${this.#path}/s`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#path, { recursive: true });
  }
}

function tooLate(what: string, milliseconds: number): () => TransportError {
  return () => new TransportError(`Cannot start worker: ${what} within ${milliseconds} ms`);
}

async function saysReady(stdout: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = stdout.getReader();
  let said = "";
  while (!said.includes(READY)) {
    const { done, value } = await reader.read();
    if (done) return false;
    said += new TextDecoder().decode(value);
  }
  return true;
}

/** A worker's process, and the connection to it. */
export class WorkerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #stderr: OutputTail;
  #connection: Connection | undefined;
  #ended = false;
  /** Settles when the process has ended. */
  readonly ended: Promise<void>;

  private constructor(socket: string, options: ProcessOptions) {
    this.#child = new Deno.Command("/bin/sh", {
      args: [...options.program, "worker", `--socket=${socket}`, ...options.args],
      env: { ...options.environment },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new OutputTail(this.#child.stderr, () => {});
    this.ended = this.#child.status.then(() => {
      this.#ended = true;
      this.#connection?.close();
    });
  }

  /**
   * Starts a worker and connects to it.
   *
   * @throws {TransportError} where it ends early or takes too long; nothing is left of it
   */
  static async start(options: ProcessOptions): Promise<WorkerProcess> {
    using directory = new SocketDirectory(options.environment);
    const started = new WorkerProcess(directory.socket, options);
    try {
      await started.#connect(directory.socket, options);
      return started;
    } catch (error) {
      await started.kill();
      throw error;
    }
  }

  async #connect(path: string, { readyWithin, connectWithin }: ProcessOptions): Promise<void> {
    const ready = saysReady(this.#child.stdout);
    const isReady = await within(ready, readyWithin, tooLate("it was not ready", readyWithin));
    if (!isReady) throw await this.#earlyEnd();
    const connection = await within(
      Deno.connect({ transport: "unix", path }).catch((cause) => {
        throw new TransportError("Cannot start worker: its socket refuses the connection", { cause });
      }),
      connectWithin,
      tooLate("it did not accept the connection", connectWithin),
    );
    this.#connection = new Connection(connection);
  }

  async #earlyEnd(): Promise<TransportError> {
    const { code, signal } = await this.#child.status;
    await this.#stderr.done;
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    const lines = this.#stderr.last(STDERR_LINES).map((line) => `\n  ${escape(line)}`);
    return new TransportError(
      `Cannot start worker: it ended ${how}${lines.length > 0 ? ":" : ""}${lines.join("")}`,
    );
  }

  get connection(): Connection {
    if (this.#connection === undefined) throw new TypeError("Cannot use worker: it is not connected");
    return this.#connection;
  }

  get isRunning(): boolean {
    return !this.#ended;
  }

  get pid(): number {
    return this.#child.pid;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  async #endWithin(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.#signal("SIGKILL"), milliseconds);
    await this.ended;
    clearTimeout(timer);
    await this.#stderr.cancel();
  }

  /** Lets it end by itself, as it does when its client goes; by force where it does not. */
  async close(): Promise<void> {
    this.#connection?.close();
    await this.#endWithin(KILL_AFTER_MS);
  }

  /** Ends it at once, whatever it is at. */
  async kill(): Promise<void> {
    this.#connection?.close();
    // TERM first: the tool then looks after what the sandbox left at protected paths.
    this.#signal("SIGTERM");
    await this.#endWithin(KILL_AFTER_MS);
  }
}
