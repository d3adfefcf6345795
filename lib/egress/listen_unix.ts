import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** unix(7): 108 with the final NUL. */
const LONGEST_PATH = 107;

/** A unix socket in the file system that this process listens on. */
export interface UnixSocket extends Disposable {
  readonly listener: Deno.UnixListener;
  /** Removes the socket from its place, unless something else stands there by now, and stops listening. */
  [Symbol.dispose](): void;
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function isAnswered(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

async function checkPlace(path: string): Promise<void> {
  // It is bound elsewhere and moved, so that the system would not say so.
  if (new TextEncoder().encode(path).length > LONGEST_PATH) {
    throw new Error(`its path is longer than ${LONGEST_PATH} bytes`);
  }
  const info = lstat(path);
  if (info === undefined) return;
  const wrong = info.isSocket !== true
    ? "something that is no socket stands there"
    : await isAnswered(path)
    ? "another process listens on it"
    : undefined;
  if (wrong !== undefined) throw new Error(wrong);
}

// Bound in a directory that nobody else can enter and then moved: it is never there with wider permissions, and what
// an ended process left at the path is replaced in the same moment.
function bind(path: string): Deno.UnixListener {
  const slash = path.lastIndexOf("/");
  const dir = slash < 0 ? "." : path.slice(0, slash) || "/";
  const directory = Deno.makeTempDirSync({ dir, prefix: ".t" });
  try {
    const listener = Deno.listen({ transport: "unix", path: `${directory}/s` });
    try {
      Deno.chmodSync(`${directory}/s`, 0o600);
      Deno.renameSync(`${directory}/s`, path);
      return listener;
    } catch (error) {
      listener.close();
      throw error;
    }
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/**
 * Listens on a unix socket that only this user may connect to (mode 0600). A socket that nobody answers is replaced.
 *
 * @param path Where; its directory must exist
 * @throws {TomboloError} Where anything else stands there, or the socket cannot be made
 */
export async function listenUnix(path: string): Promise<UnixSocket> {
  try {
    await checkPlace(path);
    const listener = bind(path);
    const inode = lstat(path)?.ino;
    return {
      listener,
      [Symbol.dispose]() {
        if (lstat(path)?.ino === inode) Deno.removeSync(path);
        try {
          listener.close();
        } catch {
          // Whoever served it has closed it.
        }
      },
    };
  } catch (error) {
    // What follows the system's words is about the temporary directory that Deno could not make.
    const reason = error instanceof Error ? error.message.replace(/: tmpdir$/, "") : String(error);
    throw new TomboloError("sandbox", `Cannot listen on socket ${quote(path)}: ${reason}`, { cause: error });
  }
}
