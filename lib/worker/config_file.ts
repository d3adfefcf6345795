import { encodeConfig, type WorkerConfig } from "./worker_config.ts";

/** A worker's configuration as a file that only this user can read; it holds values of the environment. */
export class ConfigFile implements Disposable {
  private constructor(readonly path: string) {}

  /**
   * @param directory A private directory of tombolo's; what a killed tool leaves there is swept by a later one
   */
  static create(directory: string, config: WorkerConfig): ConfigFile {
    const path = `${directory}/${Deno.pid}-${Date.now().toString(36)}.worker`;
    Deno.writeTextFileSync(path, encodeConfig(config), { createNew: true, mode: 0o600 });
    return new ConfigFile(path);
  }

  /** Removes it; where it is mounted it stays. */
  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // Swept by another run.
    }
  }
}
