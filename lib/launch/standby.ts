import { lstat } from "../paths/resolve_path.ts";
import { runInShell } from "./run_in_shell.ts";
import { shellQuoted } from "./shell_quoted.ts";
import { killByPid } from "./signals.ts";
import type { StartedChild } from "./started_child.ts";
import type { Start } from "./starter.ts";
import { StatusPipe } from "./status_pipe.ts";

/**
 * - `shell`: does what it is told, as a shell that Deno would start itself
 * - `warden`: stage2 as the warden of a command, which waits for the path of its control socket
 */
type StandbyKind = "shell" | "warden";

// execve would refuse it, and only a process that Deno starts itself says so.
const MOST_TEXT = 64 * 1024;

// What shells have for themselves: some cannot be unset, or end the shell that tries (dash(1), bash(1)).
const SHELLS_OWN =
  /^(?:UID|EUID|PPID|SHELLOPTS|BASHOPTS|BASH_.*|OPTIND|OPTARG|LINENO|IFS|PS\d|ENV|POSIXLY_CORRECT)$/;
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Tells how a process that is not our own child to wait for has ended; it stays a zombie until we end. */
const END_SCRIPT = `read -r stat <"/proc/$1/stat" && echo "\${stat##* }"`;

/** As waitpid(2) has it. */
function statusOf(wait: number): Deno.CommandStatus {
  const signal = wait & 0x7f;
  const code = signal === 0 ? wait >> 8 & 0xff : 128 + signal;
  return { success: code === 0, code, signal: signal === 9 ? "SIGKILL" : null };
}

/**
 * What bin/tombolo has started beside Deno, with our streams and as our child: Deno takes milliseconds to load what
 * starts a process, and another runtime milliseconds to boot. It waits at a pipe, and ends when we end, with all that it
 * has started.
 */
export class Standby implements Disposable {
  #used = false;
  #orders: string | undefined;
  /** What it has of variables, as we have. */
  readonly #environment = Deno.env.toObject();

  private constructor(
    private readonly kind: StandbyKind,
    private readonly path: string,
    private readonly go: Deno.FsFile,
    private readonly pipe: Deno.FsFile,
  ) {}

  /**
   * Takes what is on standby, and its pipes out of the file system.
   *
   * @param variable What bin/tombolo has said: its kind, and where its pipes are
   * @returns `undefined` where there is none, or its pipes are not what they should be
   */
  static open(variable: string | undefined, uid: number | null): Standby | undefined {
    const [, kind, path] = /^(shell|warden) (\/.+\/[^/]+)$/.exec(variable ?? "") ?? [];
    if ((kind !== "shell" && kind !== "warden") || path === undefined) return undefined;
    const parent = lstat(path.slice(0, path.lastIndexOf("/")));
    if (parent?.isDirectory !== true || parent.uid !== uid || ((parent.mode ?? 0) & 0o077) !== 0) {
      return undefined;
    }
    const names = [`${path}-life`, `${path}-go`, `${path}-status`] as const;
    const [life, waiting, told] = names;
    const isOwnPipe = (name: string) => {
      const info = lstat(name);
      return info?.isFifo === true && info.uid === uid;
    };
    if (!names.every(isOwnPipe)) return undefined;
    // For reading as well: that never waits for somebody at the other end.
    const both = { read: true, write: true };
    const go = Deno.openSync(kind === "shell" ? waiting : life, both);
    const held = Deno.openSync(told, both);
    const pipe = Deno.openSync(told, { read: true });
    held.close();
    for (const name of names) Deno.removeSync(name);
    return new Standby(kind, path, go, pipe);
  }

  /** Whether it can start that: what it has of the environment must be known, and be nothing of the shell's own. */
  canStart({ args, env }: Start): boolean {
    if (this.#used || this.kind !== "shell") return false;
    const names = [...Object.keys(env), ...Object.keys(this.#environment)];
    if (!names.every((name) => IDENTIFIER.test(name) && !SHELLS_OWN.test(name))) return false;
    const length = [...args, ...Object.values(env)].reduce((sum, text) => sum + text.length, 0);
    return length <= MOST_TEXT;
  }

  /**
   * Has it start what a shell of our own would.
   *
   * @param start With `-` for the status file: it is descriptor 9
   */
  start({ args, env }: Start): { child: StartedChild; status: StatusPipe } {
    const [, script = "", , ...parameters] = args;
    const own = this.#environment;
    const gone = Object.keys(own).filter((name) => !(name in env));
    // A value that it has already need not be written down.
    const other = Object.entries(env).filter(([name, value]) => own[name] !== value);
    this.#orders = `${this.path}-orders`;
    const text = [
      "set +u",
      `unset ${gone.join(" ")}`,
      ...other.map(([name, value]) => `export ${name}=${shellQuoted([value])}`),
      `set -- ${shellQuoted(parameters)}`,
      "read -r TOMBOLO_pid TOMBOLO_stat </proc/self/stat",
      `echo "$TOMBOLO_pid" >&9`,
      script,
    ];
    Deno.writeTextFileSync(this.#orders, `${text.join("\n")}\n`, { createNew: true, mode: 0o600 });
    return this.#begin("go\n");
  }

  /** Whether it is a warden that nobody has called yet. */
  get isWarden(): boolean {
    return this.kind === "warden" && !this.#used;
  }

  /** Has the warden come to a control socket. */
  call(socket: string): StartedChild {
    return this.#begin(`${socket}\n`).child;
  }

  #begin(message: string): { child: StartedChild; status: StatusPipe } {
    this.#used = true;
    this.go.writeSync(new TextEncoder().encode(message));
    const status = new StatusPipe(this.pipe);
    const pid = status.until(() => status.starterPid !== undefined).then(() => status.starterPid);
    void pid.then(() => this.#removeOrders());
    const child: StartedChild = {
      ended: status.ended,
      status: async () => {
        await status.ended;
        const { exitCode, starterPid } = status;
        if (exitCode !== undefined) return statusOf(exitCode << 8);
        return statusOf(
          starterPid === undefined ? 125 << 8 : Number(await runInShell(END_SCRIPT, starterPid)),
        );
      },
      kill: () => void pid.then((known) => known === undefined ? undefined : killByPid(known)),
    };
    return { child, status };
  }

  #removeOrders(): void {
    if (this.#orders === undefined) return;
    Deno.removeSync(this.#orders);
    this.#orders = undefined;
  }

  /** Lets it go where it is not needed: it ends. */
  dismiss(): void {
    if (this.#used) return;
    this.#used = true;
    this.go.writeSync(new TextEncoder().encode("\n"));
    this.pipe.close();
  }

  [Symbol.dispose](): void {
    this.dismiss();
    this.#removeOrders();
    this.go.close();
  }
}
