import { VANISHED } from "../plan/launch_orders.ts";

/** What bubblewrap writes about itself (bwrap(1), --json-status-fd), read through a descriptor of our own. */
export class StatusFile implements Disposable {
  readonly #file: Deno.FsFile;

  /** @param path Made here, and still readable once it is removed */
  constructor(path: string) {
    this.#file = Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
  }

  #read(): string {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const buffer = new Uint8Array(4096);
    const length = this.#file.readSync(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  }

  /** The sandbox's init, as the host sees it; `undefined` until there is one. */
  get initPid(): number | undefined {
    const pid = /"child-pid": (\d+)/.exec(this.#read())?.[1];
    return pid === undefined ? undefined : Number(pid);
  }

  /** Whether the sandbox was built and the command, or its starter, was executed. */
  get wasBuilt(): boolean {
    return this.#read().includes('"exit-code"');
  }

  /** Whether the starting shell found descriptors that only stage2 can close. */
  get hasLeak(): boolean {
    return this.#read().startsWith("leaked");
  }

  /** Whether stage2 found that something had vanished which it was to guard; the command was not started. */
  get hasVanished(): boolean {
    return this.#read().split("\n").includes(VANISHED);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
