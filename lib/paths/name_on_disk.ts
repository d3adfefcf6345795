import { SafePath } from "./safe_path.ts";

/** Follows a path to what it names, in the spelling that the file system has; throws where nothing stands there. */
export type RealPath = (path: string) => string;

/**
 * A path in the spelling that it has on disk. The file system of macOS finds `Keys` by the name `keys` and a letter with
 * an accent however it is composed, but the kernel compares rules with the name that it has written down.
 *
 * @param path A path without links; what of it does not exist is kept as written
 */
export function nameOnDisk(path: SafePath, realPath: RealPath = Deno.realPathSync): SafePath {
  for (const at of [path, ...path.ancestors().reverse()]) {
    let real: string;
    try {
      real = realPath(at.toString());
    } catch {
      continue;
    }
    return SafePath.of(real).join(path.toString().slice(at.depth === 0 ? 1 : at.toString().length + 1));
  }
  return path;
}
