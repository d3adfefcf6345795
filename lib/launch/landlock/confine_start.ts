import { close } from "../../egress/close.ts";
import type { RuntimeFiles } from "../../plan/host_facts.ts";
import type { ConfineOrders } from "../../plan/landlock/confine_orders.ts";
import { CONTROL } from "../../plan/landlock/control.ts";
import { stage2OnHost, stage2Words } from "../../plan/stage2_call.ts";
import { STAGE2_ENVIRONMENT_ON_HOST, stage2V8Flags } from "../../plan/stage2_flags.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { RunDirectory, sweepRunDirectories } from "../run_directory.ts";
import type { ForwardedSignal } from "../signals.ts";
import { spawnShell, type Streams } from "../spawn_shell.ts";
import type { Standby } from "../standby.ts";
import { type StartedChild, startedChild } from "../started_child.ts";
import { PendingSignals } from "./pending_signals.ts";
import type { Directories } from "../state_directory.ts";

// A signal for the whole group, such as Ctrl-C, is the command's to handle: its warden must outlive it. Descriptors that
// the caller left open are not for the warden either; a shell can close the low ones only, stage2 the rest.
const SCRIPT = `
trap '' HUP INT QUIT USR1 USR2 TERM
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
exec "$@"
`;

/** How a confined command ended. */
export interface ConfinedEnd {
  readonly kind: "exited" | "signalled";
  /** Exit status, or number of the signal. */
  readonly value: number;
}

/** What a start needs of this process. */
export interface ConfineRequest {
  readonly directories: Directories;
  readonly uid: number | null;
  readonly runtime: RuntimeFiles;
  /** What may be a warden that boots already. */
  readonly standby?: Standby | undefined;
}

/** How one start differs from the usual. */
export interface ConfineOptions {
  /** Where the command's streams lead; to those of this process unless given. */
  readonly streams?: Streams | undefined;
  /** Whether this process is not tombolo's own: then its signals are left alone. */
  readonly embedded?: boolean | undefined;
}

/**
 * stage2 as the warden of a command to come. It boots while the plan is being made; disposed before it has orders, it ends,
 * and nothing runs.
 */
export class ConfineStart implements AsyncDisposable {
  readonly #ended: Promise<unknown>;
  readonly #conn: Promise<Deno.Conn | undefined>;
  readonly #version: Promise<number>;

  private constructor(
    readonly child: StartedChild,
    /** The same where it has been started here, and has the streams that it was given. */
    readonly process: Deno.ChildProcess | undefined,
    private readonly listener: Deno.UnixListener,
    private readonly directory: RunDirectory,
    private readonly signals: PendingSignals | undefined,
  ) {
    this.#ended = child.ended;
    this.#conn = this.#accept();
    this.#version = this.#greeting();
    // Whoever asks is told; the others wait for what comes after.
    this.#version.catch(() => {});
  }

  static begin(
    { directories, uid, runtime, standby }: ConfineRequest,
    { streams, embedded = false }: ConfineOptions = {},
  ): ConfineStart {
    // Before there is anything that a signal would leave behind.
    const signals = embedded ? undefined : new PendingSignals();
    sweepRunDirectories(directories.run, Date.now());
    const directory = RunDirectory.create(directories.run, uid);
    const listener = Deno.listen({ transport: "unix", path: directory.socket });
    Deno.chmodSync(directory.socket, 0o600);
    if (streams === undefined && !embedded && standby?.isWarden === true) {
      return new ConfineStart(standby.call(directory.socket), undefined, listener, directory, signals);
    }
    const program = stage2Words(stage2OnHost(runtime), [stage2V8Flags(false), "--allow-ffi"]);
    const args = ["-c", SCRIPT, "sh", ...program, "confine", directory.socket];
    const process = spawnShell({ args, env: STAGE2_ENVIRONMENT_ON_HOST }, streams);
    return new ConfineStart(startedChild(process), process, listener, directory, signals);
  }

  async #accept(): Promise<Deno.Conn | undefined> {
    const conn = await Promise.race([
      this.listener.accept().catch(() => undefined),
      this.#ended.then(() => undefined),
    ]);
    close(this.listener);
    this.directory.remove();
    return conn;
  }

  async #read(): Promise<number | undefined> {
    const conn = await this.#conn;
    const byte = new Uint8Array(1);
    const count = await conn?.read(byte).catch(() => null);
    return count === 1 ? byte[0] : undefined;
  }

  /**
   * The version of Landlock that the kernel has; 0 where it has none.
   *
   * @throws {TomboloError} where stage2 does not start
   */
  version(): Promise<number> {
    return this.#version;
  }

  async #greeting(): Promise<number> {
    const greeting = await this.#read();
    const version = await this.#read();
    if (greeting === CONTROL.GREETING && version !== undefined) return version;
    throw new TomboloError("sandbox", "Cannot start the sandbox: stage2 did not start, and nothing ran");
  }

  /** Hands over the signals that come for the command, and those that have come. */
  passSignals(send: (signal: ForwardedSignal) => void): void {
    this.signals?.pass(send);
  }

  /** Gives the orders; resolves when the command has been executed, or could not be, with `false` where it never was. */
  async order(orders: ConfineOrders): Promise<boolean> {
    await this.#version;
    const conn = await this.#conn;
    const body = new TextEncoder().encode(JSON.stringify(orders));
    const message = new Uint8Array(4 + body.length);
    new DataView(message.buffer).setUint32(0, body.length);
    message.set(body, 4);
    try {
      for (let sent = 0; sent < message.length;) {
        sent += await conn?.write(message.subarray(sent)) ?? message.length;
      }
    } catch {
      // It has hung up, and said why.
    }
    return await this.#read() === CONTROL.STARTED;
  }

  /** Waits for the end of the command and all that it has started; `undefined` where the warden itself was ended. */
  async end(): Promise<ConfinedEnd | undefined> {
    const kind = await this.#read();
    const value = await this.#read();
    await this.send(CONTROL.KNOWN);
    await this.#ended;
    if (value === undefined) return undefined;
    if (kind === CONTROL.EXITED) return { kind: "exited", value };
    return kind === CONTROL.SIGNALLED ? { kind: "signalled", value } : undefined;
  }

  /** Sends the command a signal, by its number, or with CONTROL.END ends everything. */
  async send(signal: number): Promise<void> {
    const conn = await this.#conn;
    await conn?.write(Uint8Array.of(signal)).catch(() => {
      // It has ended meanwhile.
    });
  }

  /** Ends everything, if it has not ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.listener);
    const conn = await this.#conn;
    if (conn !== undefined) close(conn);
    await this.#ended;
    this.directory.remove();
    this.signals?.[Symbol.dispose]();
  }
}
