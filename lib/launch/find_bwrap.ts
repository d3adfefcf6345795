import { quote } from "../report/escape.ts";
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

// How a user namespace shows the owner of what is not its own: there, the host's root (user_namespaces(7)).
const UNMAPPED = 65534;

// An earlier sandbox may have had another writable root: what its user could write, it could.
function isSystemOwned(path: string, uid: number | null): boolean {
  const owners = [path, path.slice(0, path.lastIndexOf("/"))].map((at) => {
    const info = Deno.statSync(at);
    return ((info.mode ?? 0o777) & 0o022) === 0 ? info.uid : null;
  });
  const installed = INSTALLED.test(path);
  return owners.every((owner) =>
    owner === 0 ? uid !== 0 || installed : owner === UNMAPPED && uid !== UNMAPPED && installed
  );
}

const WRITABLE = "the sandbox may write there";

/** A program of the right name, and why it must not be run, if it must not. */
interface Candidate extends FoundProgram {
  readonly setuid: boolean;
  readonly distrust?: string;
}

function candidate(
  directory: string,
  name: string,
  isWritableInside: (path: string) => boolean,
  uid: number | null,
): Candidate | undefined {
  if (!directory.startsWith("/")) return undefined;
  try {
    const path = Deno.realPathSync(`${directory}/${name}`);
    const info = Deno.statSync(path);
    const mode = info.mode ?? 0;
    if (!info.isFile || (mode & 0o111) === 0) return undefined;
    const distrust = isWritableInside(path) || isWritableInside(directory)
      ? WRITABLE
      : isSystemOwned(path, uid)
      ? undefined
      : "an earlier sandbox could have put it there";
    const identity = [path, info.dev, info.ino, info.size, info.mtime?.getTime(), mode].join(":");
    return {
      path,
      identity,
      setuid: (mode & 0o4000) !== 0,
      ...(distrust === undefined ? {} : { distrust }),
    };
  } catch {
    // Not there: the next directory.
    return undefined;
  }
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
    const found = candidate(directory, name, isWritableInside, uid);
    if (found !== undefined && found.distrust === undefined) return found;
  }
  return undefined;
}

const INSTALL =
  "install bubblewrap: apt install bubblewrap, dnf install bubblewrap, apk add bubblewrap or pacman -S bubblewrap";

function noBwrap({ path, distrust }: Partial<Candidate>): TomboloError {
  if (path === undefined) {
    return new TomboloError("sandbox", "Cannot find bwrap: no system directory on PATH holds it", {
      remedy: INSTALL,
    });
  }
  return new TomboloError("sandbox", `Cannot use ${quote(path)}: ${distrust}, and no other bwrap was found`, {
    remedy: distrust === WRITABLE
      ? "let the command write less, or install bubblewrap in another place"
      : `${INSTALL}; or let root alone own the file and its directory, below /usr`,
  });
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
  const places = `/usr/bin:${searchPath}:/usr/local/bin:/bin`;
  const found = findProgram("bwrap", places, isWritableInside, uid);
  if (found === undefined) {
    throw noBwrap(
      places.split(":").map((directory) => candidate(directory, "bwrap", isWritableInside, uid)).find((one) =>
        one !== undefined
      ) ?? {},
    );
  }
  if (found.setuid) {
    throw new TomboloError("sandbox", `Cannot use ${quote(found.path)}: it is setuid`, {
      remedy:
        `take the bit away, as root: chmod u-s ${found.path}; the kernel then has to allow user namespaces`,
    });
  }
  return found;
}
