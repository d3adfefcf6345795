import { TomboloError } from "../report/tombolo_error.ts";

/** A program found on the host. */
export interface FoundProgram {
  /** Absolute real path. */
  readonly path: string;
  /** Changes whenever the file does. */
  readonly identity: string;
}

// Where only the host's administrator installs programs, also when that is the user.
const INSTALLED = /^\/(?:usr|bin|sbin|opt|nix\/store|gnu\/store)\//;

// An earlier sandbox may have had another writable root: what its user could write, it could.
function isSystemOwned(path: string, uid: number | null): boolean {
  const owned = [path, path.slice(0, path.lastIndexOf("/"))].every((at) => {
    const info = Deno.statSync(at);
    return info.uid === 0 && ((info.mode ?? 0) & 0o022) === 0;
  });
  return owned && (uid !== 0 || INSTALLED.test(path));
}

/**
 * Looks a program up on PATH. One that a sandbox could have planted, in this run or an earlier one, is passed over.
 *
 * @param isWritableInside Whether this run's sandbox may write there
 * @returns The first match that may be run, or `undefined`
 */
export function findProgram(
  name: string,
  searchPath: string,
  isWritableInside: (path: string) => boolean,
  uid: number | null,
): FoundProgram & { readonly setuid: boolean } | undefined {
  for (const directory of searchPath.split(":")) {
    if (!directory.startsWith("/")) continue;
    try {
      const path = Deno.realPathSync(`${directory}/${name}`);
      const info = Deno.statSync(path);
      const mode = info.mode ?? 0;
      if (!info.isFile || (mode & 0o111) === 0 || (mode & 0o022) !== 0) continue;
      if (isWritableInside(path) || isWritableInside(directory) || !isSystemOwned(path, uid)) continue;
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
export function findBwrap(
  searchPath: string,
  isWritableInside: (path: string) => boolean,
  uid: number | null,
): FoundProgram {
  const found = findProgram("bwrap", `/usr/bin:${searchPath}:/usr/local/bin:/bin`, isWritableInside, uid);
  if (found === undefined) {
    throw new TomboloError(
      "sandbox",
      "Cannot find bwrap: no system directory on PATH holds it",
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
