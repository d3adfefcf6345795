import assert from "node:assert/strict";
import { RunDirectory, sweepRunDirectories } from "../../lib/launch/run_directory.ts";
import {
  LONGEST_SOCKET_PATH,
  openDirectories,
  privateDirectory,
  writeAtomically,
} from "../../lib/launch/state_directory.ts";
import { StatusFile } from "../../lib/launch/status_file.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const UID = Deno.uid();

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o777;
}

function refused(path: string, message: RegExp): void {
  assert.throws(
    () => privateDirectory(path, UID),
    (error) => error instanceof TomboloError && error.status === 125 && message.test(error.message),
    String(message),
  );
}

Deno.test("a private directory is made with its parents, for the user alone, and used again", () => {
  using directory = new TempDirectory();
  const path = directory.at("a/b/state");
  assert.equal(privateDirectory(path, UID), path);
  assert.equal(modeOf(path), 0o700);
  assert.equal(modeOf(directory.at("a")), 0o700);
  assert.equal(privateDirectory(path, UID), path);
});

Deno.test("a link, a file, an open mode and another owner are refused, and nothing is changed", () => {
  using directory = new TempDirectory();
  Deno.mkdirSync(directory.at("real"), { mode: 0o700 });
  Deno.symlinkSync("real", directory.at("link"));
  Deno.symlinkSync("absent", directory.at("dangling"));
  directory.file("file");
  refused(directory.at("link"), /it is not a directory/);
  refused(directory.at("dangling"), /it is not a directory/);
  refused(directory.at("file"), /it is not a directory/);
  for (const mode of [0o701, 0o710, 0o704, 0o720, 0o777]) {
    const path = directory.at(`open${mode.toString(8)}`);
    Deno.mkdirSync(path);
    Deno.chmodSync(path, mode);
    refused(path, /others may enter it/);
    assert.equal(modeOf(path), mode);
  }
  assert.throws(() => privateDirectory(directory.at("real"), (UID ?? 0) + 1), /it belongs to another user/);
  assert.ok(!directory.exists("absent"));
});

Deno.test("a place where nothing can be made is an error with a remedy", () => {
  using directory = new TempDirectory();
  directory.file("file");
  assert.throws(
    () => privateDirectory(directory.at("file/below"), UID),
    (error) => error instanceof TomboloError && error.status === 125,
  );
});

function directories(variables: Readonly<Record<string, string>>) {
  return openDirectories((name) => variables[name], UID);
}

Deno.test("the state directory is below XDG_STATE_HOME, or else below the home directory", () => {
  using directory = new TempDirectory();
  const [home, state] = [directory.at("home"), directory.at("state")];
  assert.deepEqual(directories({ HOME: home }), {
    state: `${home}/.local/state/tombolo`,
    run: `${home}/.local/state/tombolo/run`,
  });
  assert.equal(directories({ HOME: home, XDG_STATE_HOME: `${state}/` }).state, `${state}/tombolo`);
  assert.equal(directories({ HOME: home, XDG_STATE_HOME: "relative" }).state, `${home}/.local/state/tombolo`);
  assert.throws(
    () => directories({ HOME: "relative" }),
    /neither XDG_STATE_HOME nor HOME is an absolute path/,
  );
});

Deno.test("sockets are in the session's directory where that is the user's own", () => {
  using directory = new TempDirectory();
  const home = directory.at("home");
  Deno.mkdirSync(directory.at("session"), { mode: 0o700 });
  Deno.symlinkSync("session", directory.at("link"));
  const run = (session: string) => directories({ HOME: home, XDG_RUNTIME_DIR: session }).run;
  assert.equal(run(directory.at("session")), directory.at("session/tombolo"));
  for (const other of [directory.at("absent"), directory.at("link"), "relative", ""]) {
    assert.equal(run(other), `${home}/.local/state/tombolo/run`, other);
  }
});

Deno.test("a file is written whole, and nothing else is left", () => {
  using directory = new TempDirectory();
  const path = directory.at("file");
  writeAtomically(path, "one");
  writeAtomically(path, new Uint8Array([50]));
  assert.equal(Deno.readTextFileSync(path), "2");
  assert.equal(modeOf(path), 0o600);
  assert.deepEqual(Array.from(Deno.readDirSync(directory.path), ({ name }) => name), ["file"]);
});

Deno.test("a run has a directory of its own, which is removed once", () => {
  using directory = new TempDirectory();
  const parent = privateDirectory(directory.at("run"), UID);
  const run = RunDirectory.create(parent, UID);
  assert.equal(modeOf(run.path), 0o700);
  assert.ok(run.path.includes(String(Deno.pid)));
  assert.ok(new TextEncoder().encode(run.socket).length <= LONGEST_SOCKET_PATH);
  Deno.writeTextFileSync(run.status, "");
  run.remove();
  run.remove();
  run[Symbol.dispose]();
  assert.deepEqual([...Deno.readDirSync(parent)], []);
});

Deno.test("where the socket's path would be too long, a shorter place is taken", () => {
  using directory = new TempDirectory();
  const parent = privateDirectory(directory.at("x".repeat(100)), UID);
  using run = RunDirectory.create(parent, UID);
  assert.ok(!run.path.startsWith(parent));
  assert.ok(new TextEncoder().encode(run.socket).length <= LONGEST_SOCKET_PATH);
  assert.equal(modeOf(run.path), 0o700);
});

Deno.test("what killed runs left is swept when it is old, and what may be in use is not", () => {
  using directory = new TempDirectory();
  const now = 1_700_000_000_000;
  for (const [name, age] of [["old", 61_000], ["new", 59_000], ["future", -5_000]] as const) {
    directory.file(`${name}/status`);
    Deno.utimeSync(directory.at(name), new Date(now - age), new Date(now - age));
  }
  directory.file("target/keep");
  Deno.symlinkSync(directory.at("target"), directory.at("link"));
  Deno.utimeSync(directory.at("target"), new Date(now), new Date(now));
  sweepRunDirectories(directory.path, now);
  assert.ok(!directory.exists("old"));
  assert.ok(directory.exists("new/status"));
  assert.ok(directory.exists("future"));
  sweepRunDirectories(directory.path, Date.now() + 3_600_000);
  assert.deepEqual([...Deno.readDirSync(directory.path)], []);
});

Deno.test("sweeping removes a link and not what it leads to", () => {
  using directory = new TempDirectory();
  using elsewhere = new TempDirectory();
  elsewhere.file("keep");
  Deno.symlinkSync(elsewhere.path, directory.at("link"));
  sweepRunDirectories(directory.path, Date.now() + 3_600_000);
  assert.ok(!directory.exists("link"));
  assert.ok(elsewhere.exists("keep"));
});

Deno.test("bubblewrap's status is read as it is written, also after the file is gone", () => {
  using directory = new TempDirectory();
  const path = directory.at("status");
  using status = new StatusFile(path);
  assert.equal(modeOf(path), 0o600);
  assert.deepEqual([status.initPid, status.wasBuilt, status.hasLeak], [undefined, false, false]);
  using writer = Deno.openSync(path, { append: true });
  const write = (text: string) => writer.writeSync(new TextEncoder().encode(text));
  write('{ "child-pid": 4711, "net-namespace": 4026532000 }\n');
  assert.deepEqual([status.initPid, status.wasBuilt], [4711, false]);
  Deno.removeSync(path);
  write('{ "exit-code": 3 }\n');
  assert.deepEqual([status.initPid, status.wasBuilt, status.hasLeak], [4711, true, false]);
});

Deno.test("a leak that the starting shell found is told from what bubblewrap writes", () => {
  using directory = new TempDirectory();
  using status = new StatusFile(directory.at("status"));
  Deno.writeTextFileSync(directory.at("status"), "leaked\n");
  assert.deepEqual([status.initPid, status.wasBuilt, status.hasLeak], [undefined, false, true]);
});

Deno.test("a status file that is there already is not taken", () => {
  using directory = new TempDirectory();
  directory.file("status");
  assert.throws(() => new StatusFile(directory.at("status")), Deno.errors.AlreadyExists);
});
