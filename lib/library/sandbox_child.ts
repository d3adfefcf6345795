import type { RunControl } from "../launch/run_context.ts";
import { type CommandSignal, SIGNAL_NUMBERS } from "../launch/signals.ts";
import type { Streams } from "../launch/spawn_shell.ts";
import { deferredReadable, type OutputStream } from "./deferred_readable.ts";
import { deferredWritable } from "./deferred_writable.ts";
import type { SandboxOutput, SandboxStatus } from "./sandbox_status.ts";
import { Starts } from "./starts.ts";

/** What a run has to do with the child that stands for it. */
export interface RunHooks {
  /** Called with each process that the command is started with. */
  readonly onStart: (child: Deno.ChildProcess, control: RunControl) => void;
  /** The signal that came before anything was started. */
  readonly early: () => CommandSignal | undefined;
  /** Whether the command may be started again: nothing of its input is lost. */
  readonly canRestart: () => boolean;
}

/** How long a command that does not heed TERM is let live. */
const KILL_AFTER_MS = 5000;

function signalOf(signo: Deno.Signal | number): CommandSignal {
  const found = Object.entries(SIGNAL_NUMBERS).find(([name, number]) => signo === name || signo === number);
  if (found !== undefined) return found[0] as CommandSignal;
  const known = Object.keys(SIGNAL_NUMBERS).join(", ");
  throw new TypeError(`Cannot send signal ${signo}: wanted one of ${known}`);
}

function notPiped(name: string): TypeError {
  return new TypeError(`Cannot get "${name}": "${name}" is not piped`);
}

/**
 * A command in a sandbox. It has the shape of `Deno.ChildProcess`; it is there before the sandbox is, so that its
 * streams can be used at once, and its pid cannot.
 */
export class SandboxChild implements AsyncDisposable {
  /**
   * Settles when the command has ended and the tree has been looked after. Where nothing ran it is rejected with a
   * `TomboloError` that says why; whoever does not look at it does not hear of that.
   */
  readonly status: Promise<SandboxStatus>;
  readonly #starts = new Starts();
  readonly #streams: Streams;
  readonly #stdin = deferredWritable(() => this.#input());
  readonly #stdout: OutputStream = deferredReadable(async (index) => (await this.#starts.at(index))?.stdout);
  readonly #stderr: OutputStream = deferredReadable(async (index) => (await this.#starts.at(index))?.stderr);
  #control: RunControl | undefined;
  #early: CommandSignal | undefined;
  #isReferenced = true;
  #hasEnded = false;
  #ending: ReturnType<typeof setTimeout> | undefined;

  /** @internal Made by `Sandbox.spawn`. */
  constructor(
    streams: Streams,
    signal: AbortSignal | undefined,
    run: (hooks: RunHooks) => Promise<SandboxStatus>,
  ) {
    this.#streams = streams;
    const abort = () => this.#end();
    if (signal?.aborted === true) this.#early = "SIGTERM";
    else signal?.addEventListener("abort", abort);
    const hooks: RunHooks = {
      onStart: (child, control) => this.#onStart(child, control),
      early: () => this.#early,
      canRestart: () => !this.#stdin.isUsed(),
    };
    this.status = run(hooks).finally(() => {
      this.#hasEnded = true;
      clearTimeout(this.#ending);
      signal?.removeEventListener("abort", abort);
      this.#starts.end();
    });
    this.status.catch(() => {});
  }

  /** Settles when there is a process, or there will be none. */
  get started(): Promise<void> {
    return this.#starts.at(0).then(() => {});
  }

  /**
   * The process around the sandbox on the host, which ends with it.
   *
   * @throws {TypeError} before there is one: wait for `started`
   */
  get pid(): number {
    const child = this.#starts.latest;
    if (child === undefined) {
      throw new TypeError("Cannot tell the pid: there is no process yet; wait for started");
    }
    return child.pid;
  }

  get stdin(): WritableStream<Uint8Array> {
    if (this.#streams.stdin !== "piped") throw notPiped("stdin");
    return this.#stdin.stream;
  }

  get stdout(): OutputStream {
    if (this.#streams.stdout !== "piped") throw notPiped("stdout");
    return this.#stdout;
  }

  get stderr(): OutputStream {
    if (this.#streams.stderr !== "piped") throw notPiped("stderr");
    return this.#stderr;
  }

  /** Reads what is left of both streams, which have to be piped, and waits for the end. */
  async output(): Promise<SandboxOutput> {
    const [status, stdout, stderr] = await Promise.all([
      this.status,
      this.stdout.bytes(),
      this.stderr.bytes(),
    ]);
    return { ...status, stdout, stderr };
  }

  /**
   * Sends a signal to the command; KILL ends everything in its sandbox. Before there is a command, nothing is started.
   *
   * @throws {TypeError} where it has ended, or for a signal that cannot be sent
   */
  kill(signo: Deno.Signal | number = "SIGTERM"): void {
    const signal = signalOf(signo);
    if (this.#hasEnded) throw new TypeError("Cannot send a signal: the command has ended");
    if (this.#control === undefined) this.#early ??= signal;
    else this.#control.send(signal);
  }

  /** Keeps the event loop alive, as it does unless told otherwise. */
  ref(): void {
    this.#isReferenced = true;
    this.#starts.latest?.ref();
  }

  /** Lets the event loop end before the command has; it is ended then. */
  unref(): void {
    this.#isReferenced = false;
    this.#starts.latest?.unref();
  }

  /** Ends the command, as an abort does, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.status.catch(() => {});
  }

  #end(): void {
    if (this.#hasEnded || this.#ending !== undefined) return;
    this.kill("SIGTERM");
    this.#ending = setTimeout(() => this.#hasEnded || this.kill("SIGKILL"), KILL_AFTER_MS);
  }

  async #input(): Promise<WritableStream<Uint8Array>> {
    await this.#starts.at(0);
    const child = this.#starts.latest;
    if (child === undefined) throw new Deno.errors.BrokenPipe("Cannot write: the command was not started");
    return child.stdin;
  }

  #onStart(child: Deno.ChildProcess, control: RunControl): void {
    const isAgain = this.#starts.latest !== undefined;
    if (!this.#isReferenced) child.unref();
    this.#control = control;
    this.#starts.add(child);
    // The end of its input has gone to the one before.
    if (isAgain && this.#streams.stdin === "piped") this.#stdin.moveTo(child.stdin).catch(() => {});
    if (this.#early !== undefined) control.send(this.#early);
  }
}
