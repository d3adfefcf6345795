import { KeptOutput } from "./kept_output.ts";

/** How commands are started: always under the same flags. */
export interface CommandStart {
  /** Arguments of /bin/sh that start tombolo. */
  readonly program: readonly string[];
  /** Flags of `tombolo run`, the working directory among them. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** One command to run. */
export interface CommandRequest {
  readonly command: readonly string[];
  /** Directory inside to start in; the root unless given. */
  readonly cwd?: string;
  readonly stdin?: string;
  /** Milliseconds until it is ended. */
  readonly timeout: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** How a command ended, and what it wrote. */
export interface CommandOutcome {
  readonly status: number;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

// After TERM, as `tombolo run --timeout` does it.
const KILL_AFTER_MS = 5000;

// The flag --cwd would move what the policy calls the working directory: who asks must not choose that.
const IN_DIRECTORY = 'cd -- "$1" && shift && exec "$@"';

/**
 * What the shell does before it becomes tombolo: it leaves behind somebody who ends it when this process is gone, by
 * whatever. The shell's stdin is a pipe that this process alone holds: a line `term` asks tombolo to end, `done` says that
 * it has ended, and the end of the pipe kills it.
 *
 * Parameters: the file that the command is to have as stdin, then the arguments of the shell that starts tombolo.
 */
const LIFELINE = `
exec 3<&0 <"$1"
shift
{
  while read -r TOMBOLO_line; do
    [ "$TOMBOLO_line" != done ] || exit 0
    kill -s TERM $$
  done
  kill -s KILL $$
} <&3 >/dev/null 2>&1 &
exec 3<&-
exec /bin/sh "$@"
`;

/** Runs commands in sandboxes; disposing of it ends those that run. */
export class CommandRunner implements AsyncDisposable {
  readonly #running = new Set<Promise<CommandOutcome>>();
  readonly #ending = new AbortController();

  constructor(private readonly start: CommandStart) {}

  /** Runs a command and waits for its end. */
  async run(request: CommandRequest): Promise<CommandOutcome> {
    const signal = AbortSignal.any([request.signal, this.#ending.signal]);
    const running = this.#run({ ...request, signal });
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  #arguments({ command, cwd }: CommandRequest): string[] {
    const { program, flags } = this.start;
    const inner = cwd === undefined ? command : ["/bin/sh", "-c", IN_DIRECTORY, "sh", cwd, ...command];
    return [...program, "run", ...flags, "--", ...inner];
  }

  async #run(request: CommandRequest): Promise<CommandOutcome> {
    await using input = await StdinFile.create(request.stdin);
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", LIFELINE, "sh", input.path, ...this.#arguments(request)],
      env: { ...this.start.environment },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const lifeline = new Lifeline(child.stdin);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      lifeline.end();
    }, request.timeout);
    const end = () => lifeline.end();
    if (request.signal.aborted) end();
    request.signal.addEventListener("abort", end);
    try {
      const outputs = Promise.all([KeptOutput.of(child.stdout), KeptOutput.of(child.stderr)]);
      const { code } = await child.status;
      await lifeline.done();
      const [stdout, stderr] = await outputs;
      return { status: code, timedOut, stdout: stdout.toString(), stderr: stderr.toString() };
    } finally {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", end);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running);
  }
}

/** What a command reads, as a file that only this user can read. */
class StdinFile implements AsyncDisposable {
  private constructor(readonly path: string, private readonly isOurs: boolean) {}

  static async create(text: string | undefined): Promise<StdinFile> {
    if (text === undefined) return new StdinFile("/dev/null", false);
    const path = await Deno.makeTempFile({ prefix: "tombolo-stdin." });
    await Deno.writeTextFile(path, text);
    return new StdinFile(path, true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isOurs) await Deno.remove(this.path);
  }
}

/** The writing end of the pipe that keeps a command alive. */
class Lifeline {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pipe: WritableStream<Uint8Array>) {
    this.#writer = pipe.getWriter();
  }

  async #say(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Asks for the end, and enforces it a while later. */
  end(): void {
    if (this.#timer !== undefined) return;
    void this.#say("term");
    this.#timer = setTimeout(() => void this.#writer.close().catch(() => {}), KILL_AFTER_MS);
  }

  /** Says that there is nobody left to end: the pid may soon be somebody else's. */
  async done(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#say("done");
    await this.#writer.close().catch(() => {});
  }
}
