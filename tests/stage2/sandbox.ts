import type { FakeGateway } from "./fake_gateway.ts";

const ENTRY = new URL("../../stage2/main.ts", import.meta.url).pathname;
const INSIDE = "/run/tombolo";
const PERMISSIONS = ["--allow-ffi", "--allow-env", "--allow-read", "--allow-write", "--allow-net"];
const RUNTIME = [
  "--no-config",
  "--no-lock",
  "--no-npm",
  "--no-remote",
  "--no-code-cache",
  "--v8-flags=--expose-gc",
  ...PERMISSIONS,
];

/** How one command is started. */
export interface RunOptions {
  /** Variables of stage2, beside those that it always gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** Shell text that runs before bubblewrap, in the same process: redirections, traps, limits. */
  readonly before?: string;
  /** Starts the command beside a bridge to this gateway. */
  readonly gateway?: FakeGateway;
  /** The role and its arguments, instead of launching the command. */
  readonly role?: readonly string[];
  /** Whether the sandbox gets a session of its own. */
  readonly newSession?: boolean;
  /** A byte array to use as the seccomp filter, or undefined for the real one. */
  readonly filter?: Uint8Array;
  /** A filter that binds stage2 itself, as an old kernel would. */
  readonly outerFilter?: Uint8Array<ArrayBuffer>;
  /** The text of stage2's file of orders. */
  readonly orders?: string;
}

/** What came of a command. */
export interface RunResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** stage2 as users get it: bundled, inside bubblewrap, with one directory to share. */
export class Sandbox implements AsyncDisposable {
  /** On the host; `/run/work` inside, and the working directory there. */
  readonly work: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.work = `${directory}/work`;
  }

  static async create(filter: Uint8Array): Promise<Sandbox> {
    const directory = await Deno.makeTempDir({ prefix: "tombolo-stage2." });
    await Deno.mkdir(`${directory}/work`);
    await Deno.writeFile(`${directory}/filter`, filter);
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--platform", "deno", "-o", `${directory}/stage2.js`, ENTRY],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return new Sandbox(directory);
  }

  /** Writes a file of the work directory. */
  async write(name: string, text: string, mode = 0o644): Promise<void> {
    await Deno.writeTextFile(`${this.work}/${name}`, text);
    await Deno.chmod(`${this.work}/${name}`, mode);
  }

  async run(command: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    if (options.filter !== undefined) await Deno.writeFile(`${this.#directory}/other`, options.filter);
    if (options.orders !== undefined) {
      await Deno.writeTextFile(`${this.#directory}/launch.json`, options.orders);
    }
    if (options.outerFilter !== undefined) {
      await Deno.writeFile(`${this.#directory}/outer`, options.outerFilter);
    }
    const outer = options.outerFilter === undefined ? "" : `exec 9<'${this.#directory}/outer'\n`;
    const { gateway } = options;
    const stage2 = [`${INSIDE}/deno`, "run", ...RUNTIME, `${INSIDE}/stage2.js`];
    const program = options.role !== undefined
      ? [...stage2, ...options.role]
      : gateway === undefined
      ? [...stage2, "launch", "--", ...command]
      : [...stage2, "start", "--", ...command];
    const socket = gateway === undefined ? [] : ["--bind", gateway.path, `${INSIDE}/gateway.sock`];
    const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
      args: [
        "-c",
        `${options.before ?? ""}\n${outer}exec "$@"`,
        "sh",
        ...this.#bwrap(options, socket),
        ...program,
      ],
      stdin: "null",
      clearEnv: true,
      env: {
        PATH: "/usr/bin:/bin",
        DENO_DIR: "/tmp/deno",
        DENO_NO_UPDATE_CHECK: "1",
        TOMBOLO_STAGE2_SECCOMP: `${INSIDE}/filter`,
        TOMBOLO_STAGE2_UNSET: "DENO_DIR,DENO_NO_UPDATE_CHECK",
        ...(gateway === undefined ? {} : { TOMBOLO_STAGE2_SOCKET: `${INSIDE}/gateway.sock` }),
        ...(options.orders === undefined ? {} : { TOMBOLO_STAGE2_ORDERS: `${INSIDE}/launch.json` }),
        ...options.env,
      },
    }).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  #bwrap(options: RunOptions, socket: readonly string[]): string[] {
    const filter = options.filter === undefined ? "filter" : "other";
    const mounts = [
      "--ro-bind",
      "/",
      "/",
      "--dev",
      "/dev",
      "--proc",
      "/proc",
      "--tmpfs",
      "/tmp",
      "--tmpfs",
      "/run",
    ];
    const own = ["--ro-bind", Deno.execPath(), `${INSIDE}/deno`];
    own.push("--ro-bind", `${this.#directory}/stage2.js`, `${INSIDE}/stage2.js`);
    own.push("--ro-bind", `${this.#directory}/${filter}`, `${INSIDE}/filter`);
    own.push("--bind", this.work, "/run/work", "--chdir", "/run/work");
    if (options.newSession === true) own.push("--new-session");
    if (options.orders !== undefined) {
      own.push("--ro-bind", `${this.#directory}/launch.json`, `${INSIDE}/launch.json`);
    }
    if (options.outerFilter !== undefined) own.push("--seccomp", "9");
    return ["bwrap", "--unshare-all", "--die-with-parent", "--cap-drop", "ALL", ...mounts, ...own, ...socket];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true });
  }
}
