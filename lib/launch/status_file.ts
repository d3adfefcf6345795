import { SandboxStatus } from "./sandbox_status.ts";

/** The status in a file, read through a descriptor of our own. */
export class StatusFile extends SandboxStatus implements Disposable {
  readonly #file: Deno.FsFile;

  /** @param path Made here, and still readable once it is removed */
  constructor(path: string) {
    super();
    this.#file = Deno.openSync(path, { read: true, write: true, createNew: true, mode: 0o600 });
  }

  protected override text(): string {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    const buffer = new Uint8Array(4096);
    const length = this.#file.readSync(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, length));
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
