import assert from "node:assert/strict";
import { Box, fixture, processesWith, Running, until, within } from "./tombolo.ts";
import { openBox } from "./library_box.ts";

// A program of its own that embeds tombolo; descriptors of the test runner reach it, as they may anybody's.
function embed(box: Box, ...args: readonly string[]): Running {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      "--no-check",
      fixture(import.meta.dirname, "library_host.ts"),
      ...args,
    ],
    cwd: box.work,
    env: { HOME: box.home, XDG_RUNTIME_DIR: "", XDG_STATE_HOME: "" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  return new Running(child);
}

for (const [name, host] of [["without network", ""], ["with a gateway", "example.test:443"]] as const) {
  Deno.test(`nothing survives a host that is killed, ${name}`, async () => {
    await using box = await Box.create();
    const mark = box.marker();
    const program = embed(box, mark, "3", host);
    assert.equal(await program.line(), "running");
    assert.ok(processesWith(mark).length >= 4);
    program.kill("SIGKILL");
    await program.status();
    await until(() => processesWith(mark).length === 0, "the end of all commands");
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("a host that disposes of its sandbox ends all commands, and then by itself", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  const program = embed(box, mark, "3", "example.test:443", "dispose");
  assert.equal(await program.line(), "running");
  assert.equal((await program.status()).code, 0);
  assert.deepEqual(processesWith(mark), []);
});

Deno.test("commands that are not referenced let the host end, and end with it", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  const program = embed(box, mark, "2", "example.test:443", "unref");
  assert.equal(await program.line(), "running");
  assert.equal((await program.status()).code, 0);
  await until(() => processesWith(mark).length === 0, "the end of all commands");
});

Deno.test("disposing of a sandbox ends every command in it, also one that heeds no TERM", async () => {
  await using box = await Box.create();
  await using opened = await openBox();
  const { sandbox } = opened;
  const mark = box.marker();
  const streams = { stdin: "null", stdout: "piped", stderr: "null" } as const;
  const deaf = sandbox.spawn(
    ["sh", "-c", `trap "" TERM; echo ready; while :; do sleep ${mark}; done`],
    streams,
  );
  const others = Array.from({ length: 3 }, () => sandbox.spawn(["sleep", mark], streams));
  await deaf.stdout.getReader().read();
  await Promise.all(others.map((child) => child.started));
  await within(sandbox[Symbol.asyncDispose](), "the end of all commands");
  assert.deepEqual(processesWith(mark), []);
  assert.equal((await deaf.status).signal, "SIGKILL");
  for (const child of others) assert.equal((await child.status).signal, "SIGTERM");
});

Deno.test("no handler for a signal of the host is left or made", async () => {
  await using box = await Box.create();
  const program = embed(box, box.marker(), "1");
  assert.equal(await program.line(), "running");
  program.kill("SIGTERM");
  assert.equal((await program.status()).signal, "SIGTERM");
});
