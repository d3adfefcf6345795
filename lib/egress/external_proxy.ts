import type { ExternalRule } from "../policy/net_policy.ts";
import { escape, quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { close } from "./close.ts";
import { freePort } from "./free_port.ts";
import { OutputTail } from "./output_tail.ts";
import { SUPERVISE_SCRIPT } from "./supervise_script.ts";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
const DEFAULT_GRACE_MS = 2000;
/** How long the last words of a proxy that has ended may take to arrive. */
const LAST_WORDS_MS = 500;
const SHOWN_LINES = 3;

/** What starting an external proxy needs. */
export interface ExternalProxyOptions {
  readonly rule: ExternalRule;
  /** Absolute path of its program. */
  readonly program: string;
  /** The caller's environment: it runs on the host. */
  readonly environment: Readonly<Record<string, string>>;
  /** Takes each line of its stderr, raw. */
  readonly onOutput?: (line: string) => void;
  /** Milliseconds between TERM and KILL; 2,000 unless given. */
  readonly grace?: number;
}

/** A proxy that the user chose, running on the host for as long as this object lives. */
export class ExternalProxy implements AsyncDisposable {
  /** Settles with how it ended, as `ended with status 1`; never rejects. */
  readonly ended: Promise<string>;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: OutputTail;
  #ending: string | undefined;
  #closed: Promise<void> | undefined;

  private constructor(private readonly options: ExternalProxyOptions, readonly port: number) {
    this.#child = spawn(options, port);
    this.#stdin = this.#child.stdin.getWriter();
    this.#output = new OutputTail(this.#child.stderr, options.onOutput ?? (() => {}));
    this.ended = this.#awaitEnd();
  }

  /**
   * Starts the proxy on a free port of the host's loopback and waits until it accepts connections.
   *
   * @throws {TomboloError} Where it ends before that, or takes too long; nothing of it is left then
   *
   * @example
   * ```ts ignore
   * await using proxy = await ExternalProxy.start({ rule, program: "/usr/bin/mitmdump", environment });
   * ```
   */
  static async start(options: ExternalProxyOptions): Promise<ExternalProxy> {
    const proxy = new ExternalProxy(options, freePort());
    try {
      await proxy.#ready();
      return proxy;
    } catch (error) {
      await proxy.close();
      throw error;
    }
  }

  /** Whether it is still there: afterwards its port may be anybody's. */
  get isRunning(): boolean {
    return this.#ending === undefined;
  }

  /** Whether it was told to end. */
  get isClosing(): boolean {
    return this.#closed !== undefined;
  }

  /** Asks it to end (TERM), ends it by force (KILL) after the grace, and waits until nothing of it is left. */
  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #awaitEnd(): Promise<string> {
    const text = await new Response(this.#child.stdout).text().catch(() => "");
    const status = text.trim();
    this.#ending = status === "" ? "was killed" : `ended with status ${status}`;
    return this.#ending;
  }

  async #ready(): Promise<void> {
    const { rule } = this.options;
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), rule.startupTimeout);
    const accepts = this.#awaitPort(waiting.signal);
    await Promise.race([accepts, this.ended]);
    clearTimeout(timer);
    waiting.abort();
    const isReady = await accepts;
    // Whatever accepts there once the proxy has ended is somebody else.
    if (this.#ending !== undefined) throw await this.#earlyEnd();
    if (isReady) return;
    throw this.#failure(
      `it did not accept connections on port ${this.port} within ${rule.startupTimeout} ms`,
      {
        remedy: "it must listen on {port}, which is also what TOMBOLO_PROXY_PORT says",
      },
    );
  }

  /** Returns whether the port accepts, as soon as it does or nobody waits any longer. */
  async #awaitPort(signal: AbortSignal): Promise<boolean> {
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        close(await Deno.connect({ hostname: "127.0.0.1", port: this.port, signal }));
        return true;
      } catch {
        await delay(pause, signal);
      }
    }
    return false;
  }

  async #earlyEnd(): Promise<TomboloError> {
    await within(this.#output.done, LAST_WORDS_MS);
    const remedy = this.#ending === "ended with status 0" ? { remedy: "it must stay in the foreground" } : {};
    return this.#failure(`it ${this.#ending} before it accepted connections`, remedy);
  }

  #failure(reason: string, options: { remedy?: string }): TomboloError {
    const { text, origin } = this.options.rule;
    const lines = this.#output.last(SHOWN_LINES).map((line) => escape(line.trim()));
    const said = lines.length === 0 ? "" : `; it said: ${lines.join(" / ")}`;
    return new TomboloError(
      "sandbox",
      `Cannot start external proxy ${quote(text)} (${origin}): ${reason}${said}`,
      options,
    );
  }

  async #close(): Promise<void> {
    await this.#stdin.write(new TextEncoder().encode("end\n")).catch(() => {});
    await within(this.ended, this.options.grace ?? DEFAULT_GRACE_MS);
    await this.#stdin.close().catch(() => {});
    await this.#child.status;
    await this.#output.cancel();
    await this.ended;
  }
}

function spawn({ rule, program, environment }: ExternalProxyOptions, port: number): Deno.ChildProcess {
  const args = rule.command.slice(1).map((argument) => argument.replaceAll("{port}", String(port)));
  return new Deno.Command("/bin/sh", {
    args: ["-c", SUPERVISE_SCRIPT, "sh", crypto.randomUUID(), program, ...args],
    clearEnv: true,
    env: { ...environment, TOMBOLO_PROXY_PORT: String(port) },
    // A process group and a session of its own: the terminal's signals are not for it.
    detached: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits so long, or until it is aborted. */
async function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

/** Waits for a promise that never rejects, but no longer than this. */
async function within(promise: Promise<unknown>, milliseconds: number): Promise<void> {
  const late = new AbortController();
  await Promise.race([promise, delay(milliseconds, late.signal)]);
  late.abort();
}
