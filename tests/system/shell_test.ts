import assert from "node:assert/strict";
import { Box } from "./tombolo.ts";

Deno.test("tombolo shell runs the user's shell under the flags, with its streams and status", async () => {
  await using box = await Box.create();
  const env = { SHELL: "/bin/bash" };
  const script = 'echo "$BASH_VERSION" >version; echo >kept/x; exit 7';
  await box.write("work/kept/file", "");
  const { code, stderr } = await box.tombolo(["shell", "--deny-write=kept"], { stdin: script, env });
  assert.equal(code, 7);
  assert.match(stderr, /kept\/x: Read-only file system/);
  assert.match(await box.read("work/version") ?? "", /^\d/);
});

Deno.test("tombolo shell takes sh where SHELL names no place, and no command", async () => {
  await using box = await Box.create();
  for (const SHELL of ["", "bash"]) {
    assert.equal((await box.tombolo(["shell", "--"], { stdin: "exit 4", env: { SHELL } })).code, 4);
  }
  const { code, stderr } = await box.tombolo(["shell", "ls"]);
  assert.equal(code, 125);
  assert.match(stderr, /Cannot run "ls" by tombolo shell: .*tombolo run -- "ls"/);
});
