import assert from "node:assert/strict";
import { TransportError } from "../../lib/worker/worker_error.ts";
import { WorkerFileSystem } from "../../lib/worker/worker_file_system.ts";
import { Box, fixture, until, within } from "../system/tombolo.ts";
import { spawnIn } from "../worker/spawned.ts";

const ROUNDS = 500;

Deno.test("W3 a racer that swaps a component for a link out of the root gains nothing", async () => {
  await using box = await Box.create();
  await box.write("outside/file", "canary");
  await box.write("work/sub/file", "inside");
  await Deno.symlink("../outside", `${box.work}/evil`);
  await using racer = racing(box);
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  for (let round = 0; round < ROUNDS; round++) {
    const read = await files.readAll("sub/file").then((bytes) => new TextDecoder().decode(bytes), () => "");
    assert.notEqual(read, "canary");
    await files.write("sub/file", "inside").catch(() => {});
    await files.write(`sub/new${round % 10}`, "planted").catch(() => {});
    await files.makeDirectory(`sub/directory${round % 10}`).catch(() => {});
    assert.deepEqual((await files.grep("canary")).matches, []);
  }
  assert.equal(worker.failures, 0);
  await racer.stop();
  assert.deepEqual(await box.list("outside"), ["file"]);
  assert.equal(await box.read("outside/file"), "canary");
});

Deno.test("W3 a racer that swaps a component for what the policy denies inside the root gains nothing", async () => {
  await using box = await Box.create();
  await box.write("work/private/file", "canary");
  await box.write("work/sub/file", "inside");
  await Deno.symlink("private", `${box.work}/evil`);
  await using racer = racing(box);
  await using worker = await spawnIn(box, { flags: ["--deny-read=private"] });
  const files = new WorkerFileSystem(worker);
  for (let round = 0; round < ROUNDS; round++) {
    const read = await files.readAll("sub/file").then((bytes) => new TextDecoder().decode(bytes), () => "");
    assert.notEqual(read, "canary");
    await files.write("sub/file", "inside").catch(() => {});
    await files.remove("sub/file").catch(() => {});
  }
  await racer.stop();
  assert.deepEqual(await box.list("work/private"), ["file"]);
  assert.equal(await box.read("work/private/file"), "canary");
});

/** Swaps `sub` and `evil` of a work tree until it is stopped; it is on the host, where nothing holds it back. */
function racing(box: Box): AsyncDisposable & { stop(): Promise<void> } {
  const child = new Deno.Command("python3", {
    args: [fixture(import.meta.dirname, "swap.py"), `${box.work}/sub`, `${box.work}/evil`],
    stdout: "null",
  }).spawn();
  let stopped = false;
  const stop = async () => {
    if (!stopped) child.kill("SIGTERM");
    stopped = true;
    await child.status;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

Deno.test("W6 regular expressions that explode are answered where linear time is enough", async () => {
  await using box = await Box.create();
  await box.write("work/a.txt", `${"a".repeat(5000)}!\n`);
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  for (const pattern of ["^(a+)+$", "(a|aa)+$", "(a|a)*b", "([a-z]+)*=", "(.*)*x"]) {
    assert.deepEqual((await files.grep(pattern)).matches, [], pattern);
  }
  assert.equal(worker.failures, 0);
});

Deno.test("W6 one that no engine can bound ends at the deadline, and the next request works", async () => {
  await using box = await Box.create();
  await box.write("work/a.txt", `${"a".repeat(5000)}!\n`);
  await using worker = await spawnIn(box, { deadline: 2000 });
  const files = new WorkerFileSystem(worker);
  await assert.rejects(files.grep("^(a+)+\\1$"), TransportError);
  assert.equal(worker.isAlive, false);
  assert.equal((await files.stat("a.txt")).size, 5002);
});

Deno.test("W6 globs and .gitignore patterns that explode take no longer than others", async () => {
  await using box = await Box.create();
  await box.write(`work/${"a".repeat(200)}`, "x");
  await box.write(`work/${"d/".repeat(60)}file`, "x");
  const stars = `${"*a".repeat(60)}b`;
  await box.write("work/.gitignore", `${stars}\n${"**/d/".repeat(30)}x\n`);
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  for (const pattern of [stars, `${"**/*d/".repeat(40)}x`, `${"**/".repeat(200)}nothing`, "?".repeat(5000)]) {
    assert.deepEqual((await files.glob(pattern)).paths, [], pattern.slice(0, 20));
  }
  await assert.rejects(files.glob("{a,b}".repeat(30)), { code: "invalid_pattern" });
  assert.equal(worker.failures, 0);
});

Deno.test("W7 kill -9 of the worker in mid-write: the caller gets an error, the file is whole, the next write works", async () => {
  await using box = await Box.create();
  const old = "old\n".repeat(1000);
  await box.write("work/file", old);
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  const bytes = new Uint8Array(48 * 1024 * 1024).fill(110);
  for (let round = 0; round < 3; round++) {
    const writing = files.write("file", bytes).then(() => "written", (error: unknown) => error);
    const pid = await innerPid(box);
    // The temporary file shows that the worker is at it.
    await until(async () => (await unfinished(box)) > 0, "the write to begin");
    Deno.kill(pid, "SIGKILL");
    const outcome = await within(writing, "the caller to learn of it");
    assert.ok(outcome instanceof TransportError || outcome === "written", String(outcome));
    const { size } = await Deno.stat(`${box.work}/file`);
    assert.ok(size === old.length || size === bytes.length, `the file has ${size} bytes`);
    if (size === old.length) assert.equal(await box.read("work/file"), old);
    for (const name of await box.list("work")) {
      if (name.startsWith(".tombolo-")) await Deno.remove(`${box.work}/${name}`);
    }
    await box.write("work/file", old);
  }
  await files.write("file", "new");
  assert.equal(await box.read("work/file"), "new");
});

Deno.test("W7 what a killed write has left is seen by no search, and swept by a later write once it is old", async () => {
  await using box = await Box.create();
  await box.write("work/d/.tombolo-0123456789abcdef.tmp", "needle");
  await box.write("work/d/.tombolo-fedcba9876543210.tmp", "needle");
  const longAgo = new Date(Date.now() - 3600_000);
  await Deno.utime(`${box.work}/d/.tombolo-0123456789abcdef.tmp`, longAgo, longAgo);
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  assert.deepEqual((await files.glob("**")).paths, []);
  assert.deepEqual((await files.grep("needle")).matches, []);
  await files.write("d/file", "x");
  assert.deepEqual(await box.list("work/d"), [".tombolo-fedcba9876543210.tmp", "file"]);
});

Deno.test("W7 when the tool around the sandbox is killed, so is the worker", async () => {
  await using box = await Box.create();
  await using worker = await spawnIn(box);
  const pid = await innerPid(box);
  Deno.kill(worker.pid ?? 0, "SIGKILL");
  await until(() => !isRunning(pid), "the worker to end");
  await until(() => !worker.isAlive, "its client to learn of it");
  await assert.doesNotReject(worker.request("ping", {}));
});

async function unfinished(box: Box): Promise<number> {
  return (await box.list("work")).filter((name) => name.startsWith(".tombolo-")).length;
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

/** The process inside the sandbox, as the host sees it: the runtime itself, not what started it. */
async function innerPid(box: Box): Promise<number> {
  let found: number | undefined;
  await until(() => {
    found = Array.from(Deno.readDirSync("/proc"), ({ name }) => Number(name)).find((pid) => {
      try {
        const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
        return words[0]?.startsWith("/run/tombolo/") && words.includes("/run/tombolo/worker.js") &&
          Deno.readLinkSync(`/proc/${pid}/cwd`) === box.work;
      } catch {
        return false;
      }
    });
    return found !== undefined;
  }, "the worker to run");
  return found ?? 0;
}
