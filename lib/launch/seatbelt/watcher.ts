import { spawnShell } from "../spawn_shell.ts";
import type { CommandSignal } from "../signals.ts";
import { WATCH_SCRIPT } from "./watch_script.ts";

/**
 * A shell that outlives this process, to end what the command leaves behind: macOS ends nothing with its parent, and this
 * process may signal no process but its child.
 */
export class Watcher implements AsyncDisposable {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #ended: Promise<Deno.CommandStatus>;

  private constructor(child: Deno.ChildProcess) {
    this.#writer = child.stdin.getWriter();
    this.#ended = child.status;
  }

  /** @param directory The command's directory for temporary files, which it removes */
  static async start(directory: string): Promise<Watcher> {
    const streams = { stdin: "piped", stdout: "null", stderr: "null" } as const;
    const watcher = new Watcher(spawnShell({ args: ["-c", WATCH_SCRIPT, "sh"], env: {} }, streams));
    await watcher.#say(`directory ${directory}`);
    return watcher;
  }

  async #say(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {
      // Somebody has ended it.
    });
  }

  /** @param leads Whether the command leads a process group of its own */
  async watch(pid: number, leads: boolean): Promise<void> {
    await this.#say(`${leads ? "group" : "process"} ${pid}`);
  }

  /** Sends the command a signal, unless it has come from the terminal, which has sent it to the whole group. */
  async tell(signal: CommandSignal): Promise<void> {
    await this.#say(`tell ${signal.slice("SIG".length)} ${Deno.pid}`);
  }

  /** Ends the command and what it has started. */
  async kill(): Promise<void> {
    await this.#say("kill");
  }

  /** Says that the command has ended, and waits until what it has left behind has been cleared away. */
  async done(): Promise<void> {
    await this.#say("done");
    await this[Symbol.asyncDispose]();
  }

  /** Ends everything, unless the command is known to have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {
      // It is closed already, or has nobody to read it.
    });
    await this.#ended;
  }
}
