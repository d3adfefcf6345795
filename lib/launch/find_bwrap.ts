import { TomboloError } from "../report/tombolo_error.ts";

/** A program found on the host. */
export interface FoundProgram {
  /** Absolute real path. */
  readonly path: string;
  /** Changes whenever the file does. */
  readonly identity: string;
}

/**
 * Looks a program up on PATH.
 *
 * @param isWritableInside Whether a sandbox may write there: a program that one could have planted is never run
 * @returns The first match that may be run, or `undefined`
 */
export function findProgram(
  name: string,
  searchPath: string,
  isWritableInside: (path: string) => boolean,
): FoundProgram & { readonly setuid: boolean } | undefined {
  for (const directory of searchPath.split(":")) {
    if (!directory.startsWith("/")) continue;
    try {
      const path = Deno.realPathSync(`${directory}/${name}`);
      const info = Deno.statSync(path);
      const mode = info.mode ?? 0;
      if (!info.isFile || (mode & 0o111) === 0 || (mode & 0o022) !== 0) continue;
      if (isWritableInside(path) || isWritableInside(directory)) continue;
      const identity = [path, info.dev, info.ino, info.size, info.mtime?.getTime(), mode].join(":");
      return { path, identity, setuid: (mode & 0o4000) !== 0 };
    } catch {
      // Not there: the next directory.
    }
  }
  return undefined;
}

/**
 * bubblewrap's absolute path.
 *
 * @throws {TomboloError} where there is none that can be trusted
 */
export function findBwrap(searchPath: string, isWritableInside: (path: string) => boolean): FoundProgram {
  const found = findProgram("bwrap", `/usr/bin:${searchPath}:/usr/local/bin:/bin`, isWritableInside);
  if (found === undefined) {
    throw new TomboloError(
      "sandbox",
      "Cannot find bwrap: no directory on PATH that the sandbox cannot write holds it",
      {
        remedy:
          "install bubblewrap: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap or pacman -S bubblewrap",
      },
    );
  }
  if (found.setuid) {
    throw new TomboloError("sandbox", `Cannot use ${found.path}: it is setuid`, {
      remedy: "remove the bit (chmod u-s) on a kernel with user namespaces",
    });
  }
  return found;
}
