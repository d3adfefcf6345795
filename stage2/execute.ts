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

/** A command, laid out for execve. */
export interface Execution {
  readonly name: string;
  readonly parameters: readonly string[];
  readonly argv: bigint;
  readonly envp: bigint;
  /** Where it is looked for, in order. */
  readonly files: readonly { readonly file: string; readonly address: bigint }[];
}

/** Calls execve on a file with arguments; returns errno, or 0 where the file is being executed, if it returns then. */
export type Execve = (file: bigint, argv: bigint) => number;

/**
 * Lays out what execve takes, to be searched for as execvp does, on the command's own PATH.
 *
 * @param command Name and arguments
 * @param environment The command's environment
 */
export function layOut(command: readonly string[], environment: ReadonlyMap<string, string>): Execution {
  const [name = "", ...parameters] = command;
  return {
    name,
    parameters,
    argv: pinStrings(command),
    envp: pinStrings([...environment].map(([key, value]) => `${key}=${value}`)),
    files: candidates(name, environment.get("PATH")).map((file) => ({ file, address: pinString(file) })),
  };
}

/**
 * Prepares to replace this process by a command. What execve takes is laid out now: later the limits of the command may
 * leave the runtime no memory.
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
  const execution = layOut(command, environment);
  const execve: Execve = (file, argv) => -call("execve", file, argv, execution.envp);
  // Once in vain: what has run before is compiled.
  executeFirst(call, execve, { ...execution, files: [{ file: "", address: pinString("") }] });
  return () =>
    executeFirst(call, execve, execution) ?? { status: 126, message: `${execution.name}: not executable` };
}

/**
 * Executes the first file that can be.
 *
 * @returns `undefined` where one is being executed, if it returns then
 */
export function executeFirst(
  call: SystemCall,
  execve: Execve,
  { name, parameters, argv, files }: Execution,
): ExecuteFailure | undefined {
  // The most telling failure wins: a file that may not be executed over one that is absent.
  let refused: number | undefined;
  for (const { file, address } of files) {
    let errno = execve(address, argv);
    if (errno === ERRNO.ENOEXEC) {
      // A script without a first line that names its interpreter.
      errno = execve(pinString(SHELL), pinStrings([SHELL, file, ...parameters]));
      if (errno === ERRNO.ENOENT) errno = ERRNO.ENOEXEC;
    }
    if (errno === 0) return undefined;
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
