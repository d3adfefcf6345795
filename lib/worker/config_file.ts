import { sweepRunDirectories } from "../launch/run_directory.ts";
import { type Directories, privateDirectory } from "../launch/state_directory.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { encodeConfig, type WorkerConfig } from "./worker_config.ts";

/** What of the host says where a configuration can stand. */
export interface ConfigPlace {
  readonly directories: Pick<Directories, "run">;
  readonly uid: number | null;
}

// It holds values of the environment, and sandboxes of the same user see no /tmp of the host's.
function place({ directories, uid }: ConfigPlace): string {
  try {
    return privateDirectory(`/tmp/tombolo-${uid ?? "user"}`, uid);
  } catch (error) {
    if (!(error instanceof TomboloError)) throw error;
    return directories.run;
  }
}

/** A worker's configuration as a file that only this user can read. */
export class ConfigFile implements Disposable {
  private constructor(readonly path: string) {}

  /** Makes it, and sweeps what killed tools have left; what is mounted stays usable without its name. */
  static create(where: ConfigPlace, config: WorkerConfig): ConfigFile {
    const directory = place(where);
    sweepRunDirectories(directory, Date.now());
    const random = crypto.randomUUID().slice(0, 8);
    const path = `${directory}/${Deno.pid}-${random}.worker`;
    Deno.writeTextFileSync(path, encodeConfig(config), { createNew: true, mode: 0o600 });
    return new ConfigFile(path);
  }

  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // Swept by another run.
    }
  }
}
