import { DEFAULT_PATH } from "../lib/plan/default_path.ts";
import { ERRNO } from "./errno.ts";
import { pinString, pinStrings } from "./pin.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const SHELL = "/bin/sh";

/** Errors that mean: not here, look in the next directory. */
const ABSENT: readonly number[] = [ERRNO.ENOENT, ERRNO.ENOTDIR, ERRNO.ENODEV, ERRNO.ESTALE, ERRNO.ETIMEDOUT];

const REASONS: Readonly<Record<number, string>> = {
  [ERRNO.EACCES]: "permission denied",
  [ERRNO.ENOENT]: "its interpreter is missing",
  [ERRNO.E2BIG]: "argument list too long",
  [ERRNO.ENOEXEC]: "exec format error",
};

/** Why a command could not be executed. */
export interface ExecuteFailure {
  readonly status: 126 | 127;
  readonly message: string;
}

function candidates(name: string, path: string | undefined): string[] {
  if (name === "") return [];
  if (name.includes("/")) return [name];
  return (path ?? DEFAULT_PATH).split(":").map((directory) =>
    directory === "" ? name : `${directory}/${name}`
  );
}

/**
 * Prepares to replace this process by a command, searched for as execvp does, on the command's own PATH. What execve
 * takes is laid out now: later the limits of the command may leave the runtime no memory.
 *
 * @param call Makes system calls
 * @param command Name and arguments
 * @param environment The command's environment
 * @returns What does it, and returns only if it failed
 */
export function prepareExecute(
  call: SystemCall,
  command: readonly string[],
  environment: ReadonlyMap<string, string>,
): () => ExecuteFailure {
  const [name = "", ...parameters] = command;
  const argv = pinStrings(command);
  const envp = pinStrings([...environment].map(([key, value]) => `${key}=${value}`));
  const files = candidates(name, environment.get("PATH")).map((file) => ({ file, address: pinString(file) }));
  const attempt = { name, parameters, argv, envp, files };
  // Once in vain: what has run before is compiled.
  tryEach(call, { ...attempt, files: [{ file: "", address: pinString("") }] });
  return () => tryEach(call, attempt);
}

interface Attempt {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly argv: bigint;
  readonly envp: bigint;
  readonly files: readonly { readonly file: string; readonly address: bigint }[];
}

function tryEach(call: SystemCall, { name, parameters, argv, envp, files }: Attempt): ExecuteFailure {
  // The most telling failure wins: a file that may not be executed over one that is absent.
  let refused: number | undefined;
  for (const { file, address } of files) {
    let errno = -call("execve", address, argv, envp);
    if (errno === ERRNO.ENOEXEC) {
      // A script without a first line that names its interpreter.
      errno = -call("execve", pinString(SHELL), pinStrings([SHELL, file, ...parameters]), envp);
      if (errno === ERRNO.ENOENT) errno = ERRNO.ENOEXEC;
    }
    if (errno === ERRNO.EACCES) refused = errno;
    else if (!ABSENT.includes(errno)) return notExecutable(name, errno);
    else if (errno === ERRNO.ENOENT && call("access", AT_FDCWD, address, 0) >= 0) refused ??= errno;
  }
  if (refused !== undefined) return notExecutable(name, refused);
  return { status: 127, message: `${name}: not found` };
}

function notExecutable(name: string, errno: number): ExecuteFailure {
  return { status: 126, message: `${name}: not executable (${REASONS[errno] ?? `errno ${errno}`})` };
}
