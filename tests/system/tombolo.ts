import { join } from "node:path";

/** The program under test. */
export const TOMBOLO: string = join(import.meta.dirname ?? ".", "..", "..", "bin", "tombolo");
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const DEADLINE_MS = 30_000;
const NOBODY = 65534;

// Descriptors of the test runner must not reach tombolo: above 9 they choose its start. Only bash closes those.
const START = `
# Names that no test sets: bash exports what it assigns to a name that came in the environment.
for TEST_path in /proc/$$/fd/*; do
  if ((\${TEST_path##*/} > 2)); then eval "exec \${TEST_path##*/}>&-"; fi
done
for TEST_fd in $1; do eval "exec $TEST_fd</dev/null"; done
shift
exec "$@"
`;

/** Whether the tests run as root. */
export const isRoot = Deno.uid() === 0;

/** The ways in which a command is started; what holds for one must hold for all. */
export interface Mode {
  readonly name: "direct" | "stage2" | "gateway" | "landlock";
  readonly flags: readonly string[];
  /** Descriptors that the caller has open: one above 9 makes tombolo start through stage2. */
  readonly fds: readonly number[];
}

/** Every way to start a command in namespaces. */
export const MODES: readonly Mode[] = [
  { name: "direct", flags: [], fds: [] },
  { name: "stage2", flags: [], fds: [63] },
  { name: "gateway", flags: ["--allow-net=unused.test"], fds: [] },
];

/** Without namespaces: what it holds beside files and system calls is less. */
export const LANDLOCK: Mode = { name: "landlock", flags: ["--backend=landlock"], fds: [] };

/** Those, for what holds without namespaces too. */
export const EVERY_BACKEND: readonly Mode[] = [...MODES, LANDLOCK];

/** How one run differs from the usual. */
export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Descriptors to open in the caller, which stage2 has to close. */
  readonly fds?: readonly number[];
  /** Directory of the caller; the box's work tree unless given. */
  readonly cwd?: string;
  /** A session and process group of its own. */
  readonly ownGroup?: boolean;
  /** Shell text for bash, run by the caller before tombolo, in the same process. */
  readonly before?: string;
  /** A command that starts tombolo, such as one that makes namespaces. */
  readonly through?: readonly string[];
}

// Where bin/tombolo is not to close them stage2 does, as where there is no bash.
function keepOpen({ fds = [] }: RunOptions): Record<string, string> {
  return fds.length === 0 ? {} : { TOMBOLO_CLOSED: "1" };
}

/** What came of a run. */
export interface Outcome {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that is under way. */
export class Running {
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #stderr: Promise<string>;
  #stdout = "";
  #rest = "";

  constructor(readonly child: Deno.ChildProcess) {
    this.#lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#stderr = new Response(child.stderr).text();
  }

  get pid(): number {
    return this.child.pid;
  }

  /** The next line of the command's stdout. */
  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { done, value } = await within(this.#lines.read(), "a line of output");
      if (done) throw new Error(`Cannot read a line: output ended, stderr: ${await this.#stderr}`);
      this.#rest += value;
      this.#stdout += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }

  /** Signals tombolo alone. */
  kill(signal: Deno.Signal): void {
    this.child.kill(signal);
  }

  /** Signals the process group that tombolo leads. */
  async killGroup(signal: Deno.Signal): Promise<void> {
    const name = signal.slice("SIG".length);
    await new Deno.Command("/bin/sh", { args: ["-c", `kill -s ${name} -- -${this.pid}`] }).output();
  }

  /** How the tool itself ended; whoever holds its stdout open is not waited for. */
  async status(): Promise<Deno.CommandStatus> {
    return await within(this.child.status, "the end of tombolo");
  }

  async outcome(): Promise<Outcome> {
    // Read from the start on: a full pipe would keep the command from ending.
    const rest = this.#readRest();
    const { code, signal } = await this.status();
    await within(rest, "the end of stdout");
    const stderr = await within(this.#stderr, "the end of stderr");
    return { code, signal, stdout: this.#stdout, stderr };
  }

  async #readRest(): Promise<void> {
    for (;;) {
      const { done, value } = await this.#lines.read();
      if (done) return;
      this.#stdout += value;
    }
  }
}

/** A home and a work tree of their own on the host, and tombolo to run commands there. */
export class Box implements AsyncDisposable {
  readonly home: string;
  readonly work: string;
  readonly #running: Deno.ChildProcess[] = [];
  readonly #markers: string[] = [];

  private constructor(readonly root: string, private readonly user: number | undefined) {
    this.home = join(root, "home");
    this.work = join(root, "work");
  }

  /**
   * @param options `below` is where it stands on the host; with `ordinaryUser` it belongs to an ordinary user, who then
   * runs tombolo, where the tests run as root
   */
  static async create(options: { below?: string; ordinaryUser?: boolean } = {}): Promise<Box> {
    const dir = options.below ?? "/var/tmp";
    const root = await Deno.realPath(await Deno.makeTempDir({ dir, prefix: "tombolo-system." }));
    const box = new Box(root, options.ordinaryUser === true && isRoot ? NOBODY : undefined);
    await Deno.mkdir(box.home);
    await Deno.mkdir(box.work);
    if (box.user !== undefined) {
      await Deno.chmod(root, 0o755);
      for (const path of [root, box.home, box.work]) await Deno.chown(path, box.user, box.user);
    }
    return box;
  }

  #command(args: readonly string[], options: RunOptions): Deno.Command {
    const user = this.user === undefined
      ? []
      : ["setpriv", `--reuid=${this.user}`, `--regid=${this.user}`, "--clear-groups", "--"];
    const before = options.before === undefined ? "" : `${options.before}\n`;
    return new Deno.Command("/bin/bash", {
      args: ["-c", before + START, "bash", (options.fds ?? []).join(" "), ...user, ...args],
      cwd: options.cwd ?? this.work,
      clearEnv: true,
      env: { PATH, HOME: this.home, LANG: "C.UTF-8", ...keepOpen(options), ...options.env },
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      detached: options.ownGroup ?? false,
    });
  }

  #spawn(args: readonly string[], options: RunOptions): Deno.ChildProcess {
    const child = this.#command(args, options).spawn();
    this.#running.push(child);
    return child;
  }

  async #outcome(args: readonly string[], options: RunOptions): Promise<Outcome> {
    const child = this.#spawn(args, options);
    if (options.stdin !== undefined) {
      const writer = child.stdin.getWriter();
      await writer.write(new TextEncoder().encode(options.stdin)).catch(() => {});
      await writer.close().catch(() => {});
    }
    return await new Running(child).outcome();
  }

  /** Starts `tombolo run FLAGS -- COMMAND` and does not wait. */
  start(flags: readonly string[], command: readonly string[], options: RunOptions = {}): Running {
    return this.startTombolo(["run", ...flags, "--", ...command], options);
  }

  /** Starts a program on the host, with the box's home and user, and does not wait; its stdin stays open. */
  startHost(command: readonly string[], { stdin = "", ...options }: RunOptions = {}): Running {
    const child = this.#spawn(command, { ...options, stdin });
    const writer = child.stdin.getWriter();
    writer.write(new TextEncoder().encode(stdin)).catch(() => {});
    return new Running(child);
  }

  /** Starts tombolo with any arguments and does not wait. */
  startTombolo(args: readonly string[], options: RunOptions = {}): Running {
    return new Running(this.#spawn([...options.through ?? [], TOMBOLO, ...args], options));
  }

  /** Runs `tombolo run FLAGS -- COMMAND`. */
  run(flags: readonly string[], command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.tombolo(["run", ...flags, "--", ...command], options);
  }

  /** Runs a shell script in the sandbox. */
  shell(flags: readonly string[], script: string, options: RunOptions = {}): Promise<Outcome> {
    return this.run(flags, ["sh", "-c", script], options);
  }

  /** Runs a command in one of the ways to start. */
  runIn(
    mode: Mode,
    flags: readonly string[],
    command: readonly string[],
    options: RunOptions = {},
  ): Promise<Outcome> {
    const fds = [...mode.fds, ...options.fds ?? []];
    return this.run([...mode.flags, ...flags], command, { ...options, fds });
  }

  /** Runs tombolo with any arguments. */
  tombolo(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#outcome([...options.through ?? [], TOMBOLO, ...args], options);
  }

  /** Runs a program on the host, with the box's home and user. */
  async host(command: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return await this.#outcome(command, options);
  }

  /** Writes a file below the box's root, with the directories above it. */
  async write(path: string, text: string, mode = 0o644): Promise<string> {
    const file = join(this.root, path);
    await Deno.mkdir(join(file, ".."), { recursive: true });
    await Deno.writeTextFile(file, text);
    await Deno.chmod(file, mode);
    if (this.user !== undefined) await this.#own(path);
    return file;
  }

  async #own(path: string): Promise<void> {
    const user = this.user ?? 0;
    for (let at = path; at !== "." && at !== ""; at = join(at, "..")) {
      await Deno.chown(join(this.root, at), user, user);
    }
  }

  /** An argument that no other process of the machine has, to find what is left of a run. */
  marker(): string {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
    const mark = `9${high}${low}`.slice(0, 15).padEnd(15, "7");
    this.#markers.push(mark);
    return mark;
  }

  /** The text of a file below the root; `undefined` where there is none. */
  async read(path: string): Promise<string | undefined> {
    try {
      return await Deno.readTextFile(join(this.root, path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return undefined;
      }
      throw error;
    }
  }

  async exists(path: string): Promise<boolean> {
    return await exists(join(this.root, path));
  }

  /** Names of a directory below the root, sorted; none where there is no directory. */
  async list(path: string): Promise<string[]> {
    return await exists(join(this.root, path))
      ? Array.from(Deno.readDirSync(join(this.root, path)), ({ name }) => name).sort()
      : [];
  }

  /** What runs have left in the directory for sockets. */
  async runDirectories(): Promise<string[]> {
    return await this.list("home/.local/state/tombolo/run");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended.
      }
    }
    // What a failed test has let survive.
    for (const pid of this.#markers.flatMap(processesWith)) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It went with another one.
      }
    }
    await new Deno.Command("/bin/chmod", { args: ["-R", "u+rwX", this.root], stderr: "null" }).output();
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Whether anything stands at a path, a dangling link included. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, (error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  });
}

/** Fails where a promise takes longer than any honest machine needs. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Cannot wait any longer for ${what}`)), DEADLINE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Polls until a condition holds, where nothing tells of the event. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`Cannot wait any longer for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The processes of the host whose arguments hold a marker. */
export function processesWith(mark: string): number[] {
  return Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name)).filter((pid) => {
    if (!Number.isInteger(pid)) return false;
    try {
      return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(mark);
    } catch {
      return false; // It has ended meanwhile.
    }
  });
}

/** The lines that tombolo said. */
export function said({ stderr }: Outcome): string[] {
  return stderr.split("\n").filter((line) => line.startsWith("tombolo: "));
}

/** A path of a fixture beside a test file. */
export function fixture(directory: string | undefined, name: string): string {
  return join(directory ?? ".", "fixtures", name);
}
