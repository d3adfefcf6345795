import type { Environment } from "./inspect_host.ts";
import type { Directories } from "./state_directory.ts";

/** tombolo's own files, which no sandbox may write; from source, bin/tombolo says where they are. */
export function ownFiles(environment: Environment, directories: Directories): string[] {
  const root = environment["TOMBOLO_ROOT"] ?? import.meta.dirname;
  const denoDir = environment["DENO_DIR"];
  return [root, Deno.execPath(), denoDir, directories.state, directories.run].filter((path) =>
    path !== undefined
  );
}
