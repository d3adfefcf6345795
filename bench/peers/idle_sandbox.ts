import type { Contender, Network } from "./contender.ts";
import type { Stage } from "./stage.ts";

/** A sandbox in which `sleep` runs until it is told to end. */
export class IdleSandbox implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /**
   * Starts it, and waits until the command inside runs.
   *
   * @throws If the tool ends before that
   */
  static async start(
    contender: Contender,
    network: Network,
    stage: Stage,
    cwd: string,
  ): Promise<IdleSandbox> {
    const script = "sleep 60 & echo ready; read -r line; kill $!";
    const [program = "", ...args] = contender.argv(network, ["sh", "-c", script], cwd);
    const child = new Deno.Command(program, {
      args,
      cwd,
      env: stage.env,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (value === undefined) {
      await child.stdin.close().catch(() => {});
      throw new Error(`ended with status ${(await child.status).code}`);
    }
    return new IdleSandbox(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Ends the tool with SIGKILL; whatever it has started is on its own. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A sandbox that was killed reads no more.
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
    await this.#child.stdout.cancel();
  }
}
