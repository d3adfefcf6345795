import { lstat } from "../paths/resolve_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** Longest path of a unix socket, in bytes (unix(7): 108 with the final NUL). */
export const LONGEST_SOCKET_PATH = 107;

/** Where tombolo keeps what outlives a run, and what does not. */
export interface Directories {
  readonly state: string;
  readonly run: string;
}

/**
 * Makes a directory that only this user can enter, or checks that it is one.
 *
 * @throws {TomboloError} where it is a link, somebody else's, or open to others
 */
export function privateDirectory(path: string, uid: number | null): string {
  const before = lstat(path);
  if (before === undefined && make(path)) return path;
  const info = before ?? lstat(path);
  const wrong = info?.isDirectory !== true
    ? "it is not a directory"
    : info.uid !== uid
    ? "it belongs to another user"
    : ((info.mode ?? 0) & 0o077) !== 0
    ? "others may enter it"
    : undefined;
  if (wrong === undefined) return path;
  throw new TomboloError("sandbox", `Cannot use directory ${quote(path)}: ${wrong}`, {
    remedy: "remove it, or make it yours with mode 0700",
  });
}

// The directory itself is made on its own: a recursive mkdir would take what somebody else has put there meanwhile.
function make(path: string): boolean {
  try {
    Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
    Deno.mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    const reason = error instanceof Error ? error.message : "unknown error";
    throw new TomboloError("sandbox", `Cannot make directory ${quote(path)}: ${reason}`, {
      remedy: "set XDG_STATE_HOME to a directory that you may write",
      cause: error,
    });
  }
}

function absolute(value: string | undefined): string | undefined {
  return value?.startsWith("/") ? value.replace(/\/+$/, "") : undefined;
}

/**
 * The state directory, and the directory for sockets: that of the login session where there is one.
 *
 * @param variable Looks up a variable of the caller
 * @throws {TomboloError} where neither XDG_STATE_HOME nor HOME says where
 */
export function openDirectories(
  variable: (name: string) => string | undefined,
  uid: number | null,
): Directories {
  const home = absolute(variable("HOME"));
  const stateHome = absolute(variable("XDG_STATE_HOME")) ??
    (home === undefined ? undefined : `${home}/.local/state`);
  if (stateHome === undefined) {
    throw new TomboloError(
      "sandbox",
      "Cannot find the state directory: neither XDG_STATE_HOME nor HOME is an absolute path",
      { remedy: "set HOME, or XDG_STATE_HOME to a directory that you may write" },
    );
  }
  const state = privateDirectory(`${stateHome}/tombolo`, uid);
  const session = absolute(variable("XDG_RUNTIME_DIR"));
  if (session !== undefined && isOwnDirectory(session, uid)) {
    return { state, run: privateDirectory(`${session}/tombolo`, uid) };
  }
  return { state, run: privateDirectory(`${state}/run`, uid) };
}

function isOwnDirectory(path: string, uid: number | null): boolean {
  const info = lstat(path);
  return info !== undefined && info.isDirectory && info.uid === uid;
}

/** Writes a file whole or not at all. */
export function writeAtomically(path: string, data: string | Uint8Array<ArrayBuffer>, mode = 0o600): void {
  const temporary = `${path}.${Deno.pid}`;
  if (typeof data === "string") Deno.writeTextFileSync(temporary, data, { mode });
  else Deno.writeFileSync(temporary, data, { mode });
  Deno.renameSync(temporary, path);
}
