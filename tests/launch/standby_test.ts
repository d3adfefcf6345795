import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../bin/run_deno.ts";
import { Standby } from "../../lib/launch/standby.ts";
import { treeOf } from "../../bench/process_tree.ts";
import { until } from "../system/tombolo.ts";
import { TempDirectory } from "./temp_directory.ts";

const UID = Deno.uid();
const [, COMMON = ""] = Deno.readTextFileSync(join(ROOT, "bin", "tombolo")).split(/^# --- .*\n/m);

/** bin/tombolo up to where it would become Deno: a process that only keeps the first pipe open takes its place. */
class Caller implements AsyncDisposable {
  readonly #directory = new TempDirectory();
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  /** What it has said of its standby. */
  variable = "";
  #rest = "";

  private constructor() {
    Deno.mkdirSync(this.#directory.at("tombolo/run"), { recursive: true, mode: 0o700 });
    // Not exported: what it starts is to have the variables of this process.
    const script = `set -u; tombolo_self=$0 XDG_STATE_HOME='${this.#directory.path}'; unset XDG_RUNTIME_DIR
${COMMON}
make_pipes run
stand_by
echo "$TOMBOLO_STANDBY"
unset TOMBOLO_STANDBY
exec sleep 600`;
    this.#child = new Deno.Command("/bin/sh", {
      args: ["-c", script],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  static async start(): Promise<Caller> {
    const caller = new Caller();
    caller.variable = await caller.line();
    return caller;
  }

  async line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`Cannot read a line: ended after ${this.#rest}`);
      this.#rest += value;
    }
    const [line = "", ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line;
  }

  /** Files beside those of tombolo itself. */
  get left(): string[] {
    return Array.from(Deno.readDirSync(this.#directory.at("tombolo/run")), ({ name }) => name);
  }

  /** Makes a file of a run of this caller's. */
  leave(name: string): void {
    this.#directory.file(`tombolo/run/${this.#child.pid}-${name}`);
  }

  open(): Standby {
    const standby = Standby.open(this.variable, UID);
    assert.ok(standby !== undefined);
    return standby;
  }

  /** How many processes stand below it, those that have ended aside. */
  get below(): number {
    return treeOf(this.#child.pid).length - 1;
  }

  async kill(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has been killed already.
    }
    await this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.#reader.cancel();
    this.#directory[Symbol.dispose]();
  }
}

function isRunning(pid: string): boolean {
  try {
    return !/\) Z /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

const shell = (script: string, ...parameters: string[]) => ["-c", script, "sh", ...parameters];

Deno.test("what stands by starts what it is told: with its words, its environment and no other, and our streams", async () => {
  await using caller = await Caller.start();
  using standby = caller.open();
  const env = { PATH: Deno.env.get("PATH") ?? "", HOME: "/it's home", ADDED: "two\nlines $HOME" };
  const start = { args: shell(`printf '%s|' "$@"; echo; exec /usr/bin/env`, "a b", "it's", ""), env };
  assert.equal(standby.canStart(start), true);
  const { child } = standby.start(start);
  assert.equal(await caller.line(), "a b|it's||");
  const lines = [];
  for (let count = 0; count < 4; count++) lines.push(await caller.line());
  assert.deepEqual(lines.sort(), ["ADDED=two", "HOME=/it's home", "lines $HOME", `PATH=${env.PATH}`].sort());
  assert.deepEqual(await child.status(), { success: true, code: 0, signal: null });
  assert.deepEqual(caller.left, []);
});

Deno.test("how it has ended is known, by what bubblewrap says or by what the kernel does", async () => {
  const cases: readonly [script: string, code: number, signal: Deno.Signal | null][] = [
    ["exit 7", 7, null],
    [`echo '{ "exit-code": 3 }' >&9; exit 7`, 3, null],
    ["kill -KILL $(cut -d ' ' -f 4 /proc/self/stat)", 137, "SIGKILL"],
  ];
  for (const [script, code, signal] of cases) {
    await using caller = await Caller.start();
    using standby = caller.open();
    const { child, status } = standby.start({ args: shell(script), env: { PATH: "/usr/bin:/bin" } });
    assert.deepEqual(await child.status(), { success: false, code, signal }, script);
    assert.ok(status.starterPid !== undefined);
  }
});

Deno.test("the status comes as it is written, and the end when all that holds the pipe has ended", async () => {
  await using caller = await Caller.start();
  using standby = caller.open();
  const script = `echo '{ "child-pid": 4711 }' >&9; read -r line <"$1"; exit 0`;
  using directory = new TempDirectory();
  const go = directory.at("go");
  await new Deno.Command("mkfifo", { args: [go] }).output();
  const { child, status } = standby.start({ args: shell(script, go), env: {} });
  await status.until(() => status.initPid !== undefined);
  assert.equal(status.initPid, 4711);
  await Deno.writeTextFile(go, "\n");
  await child.ended;
});

Deno.test("what it has started is ended by kill", async () => {
  await using caller = await Caller.start();
  using standby = caller.open();
  const { child } = standby.start({ args: shell("exec /bin/sleep 600"), env: {} });
  child.kill();
  assert.deepEqual(await child.status(), { success: false, code: 137, signal: "SIGKILL" });
});

Deno.test("whoever kills tombolo ends what it has started, and all that tombolo would have removed is gone", async () => {
  await using caller = await Caller.start();
  caller.leave("run/gateway.sock");
  // The end of this process is that of the descriptor too.
  const { child, below } = await (async () => {
    using standby = caller.open();
    const args = shell(`sleep 600 & echo "$!"; wait`);
    const { child } = standby.start({ args, env: { PATH: "/usr/bin:/bin" } });
    return { child, below: await caller.line() };
  })();
  await caller.kill();
  await child.ended;
  await until(() => caller.left.length === 0, "the end of what was left");
  await until(() => !isRunning(below), "the end of what it has started");
});

Deno.test("what is not needed ends, and leaves nothing but who watches", async () => {
  await using caller = await Caller.start();
  {
    using _standby = caller.open();
    assert.deepEqual(caller.left, []);
    await until(() => caller.below === 2, "both shells");
  }
  await until(() => caller.below === 1, "the end of what stood by");
});

Deno.test("where its caller ends before it has taken the pipes they are removed", async () => {
  await using caller = await Caller.start();
  assert.equal(caller.left.length, 3);
  await caller.kill();
  await until(() => caller.left.length === 0, "the end of the pipes");
});

Deno.test("nothing is taken that is not a pipe of this user's, in a directory that no other can enter", () => {
  using directory = new TempDirectory();
  const path = directory.at("run/1");
  Deno.mkdirSync(directory.at("run"), { mode: 0o700 });
  const make = () =>
    new Deno.Command("mkfifo", { args: [`${path}-life`, `${path}-go`, `${path}-status`] }).outputSync();
  const variable = `shell ${path}`;
  assert.equal(Standby.open(undefined, UID), undefined);
  assert.equal(Standby.open(variable, UID), undefined, "there is none");
  make();
  for (const wrong of [path, `other ${path}`, "shell run/1", `shell ${path}/`, "shell /1"]) {
    assert.equal(Standby.open(wrong, UID), undefined, wrong);
  }
  assert.equal(Standby.open(variable, (UID ?? 0) + 1), undefined, "another user's");
  Deno.chmodSync(directory.at("run"), 0o770);
  assert.equal(Standby.open(variable, UID), undefined, "others may enter");
  Deno.chmodSync(directory.at("run"), 0o700);
  Deno.removeSync(`${path}-status`);
  Deno.writeTextFileSync(`${path}-status`, "");
  assert.equal(Standby.open(variable, UID), undefined, "a file");
  Deno.removeSync(`${path}-status`);
  Deno.symlinkSync("/dev/null", `${path}-status`);
  assert.equal(Standby.open(variable, UID), undefined, "a link");
});

Deno.test("a shell of our own does what one that stands by cannot: names of its own, and more than it takes", async () => {
  await using caller = await Caller.start();
  using standby = caller.open();
  for (const name of ["UID", "PPID", "SHELLOPTS", "OPTIND", "IFS", "a.b", "1x", ""]) {
    assert.equal(standby.canStart({ args: shell("true"), env: { [name]: "x" } }), false, name);
  }
  assert.equal(standby.canStart({ args: shell("true", "x".repeat(70_000)), env: {} }), false);
  assert.equal(standby.canStart({ args: shell("true"), env: { LONG: "x".repeat(70_000) } }), false);
  assert.equal(standby.isWarden, false);
  standby.dismiss();
  assert.equal(standby.canStart({ args: shell("true"), env: {} }), false, "it has been dismissed");
});
