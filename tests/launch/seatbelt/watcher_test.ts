import assert from "node:assert/strict";
import { Watcher } from "../../../lib/launch/seatbelt/watcher.ts";
import { TempDirectory } from "../temp_directory.ts";

async function lineOf(child: Deno.ChildProcess): Promise<string> {
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return value;
}

function spawn(script: string, detached = false): Deno.ChildProcess {
  return new Deno.Command("/bin/sh", { args: ["-c", script], stdin: "null", stdout: "piped", detached })
    .spawn();
}

Deno.test("a signal that no terminal has sent is told the command", async () => {
  using place = new TempDirectory();
  for (const signal of ["SIGINT", "SIGHUP"] as const) {
    const child = spawn(`trap 'exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`);
    await using watcher = await Watcher.start(place.file("tombolo-x/none").slice(0, -"/none".length));
    await watcher.watch(child.pid, false);
    await lineOf(child);
    await watcher.tell(signal);
    assert.equal((await child.status).code, 9, signal);
    await watcher.done();
    assert.ok(!place.exists("tombolo-x"));
  }
});

Deno.test("without a group of its own a command is ended with all its descendants", async () => {
  using place = new TempDirectory();
  const child = spawn("(sleep 1000 & echo ready; wait) & wait");
  await using watcher = await Watcher.start(place.at("tombolo-x"));
  await watcher.watch(child.pid, false);
  const all = new Response(child.stdout).text();
  await watcher.kill();
  assert.equal((await child.status).signal, "SIGKILL");
  // It ends when the last of them has: they hold the other end.
  await all;
});

Deno.test("what is not a directory for temporary files is not removed", async () => {
  using place = new TempDirectory();
  place.file("other/file");
  const watcher = await Watcher.start(place.at("other"));
  await watcher.done();
  assert.ok(place.exists("other/file"));
});
