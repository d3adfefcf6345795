import { SandboxStatus } from "./sandbox_status.ts";

/** The status through a pipe, which ends when all that hold its other end have ended. */
export class StatusPipe extends SandboxStatus {
  #text = "";
  #grew: PromiseWithResolvers<void> = Promise.withResolvers();
  /** Settles when the other end is closed. */
  readonly ended: Promise<void>;

  /** @param pipe To read from; closed at the end */
  constructor(pipe: Deno.FsFile) {
    super();
    this.ended = this.#follow(pipe);
  }

  async #follow(pipe: Deno.FsFile): Promise<void> {
    const buffer = new Uint8Array(4096);
    const decoder = new TextDecoder();
    for (let length = await pipe.read(buffer); length !== null; length = await pipe.read(buffer)) {
      this.#text += decoder.decode(buffer.subarray(0, length));
      this.#grew.resolve();
      this.#grew = Promise.withResolvers();
    }
    pipe.close();
  }

  protected override text(): string {
    return this.#text;
  }

  /** What starts the sandbox; its pid comes before anything else. */
  get starterPid(): number | undefined {
    const pid = /^(\d+)\n/.exec(this.#text)?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** Waits until something is known, or the other end is closed. */
  async until(isKnown: () => boolean): Promise<void> {
    let over = false;
    const ended = this.ended.then(() => {
      over = true;
    });
    while (!over && !isKnown()) await Promise.race([this.#grew.promise, ended]);
  }
}
