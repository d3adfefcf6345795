import assert from "node:assert/strict";
import { stage2Inside, stage2Mounts, stage2OnHost, stage2Words } from "../../lib/plan/stage2_call.ts";
import { STAGE2_FLAGS } from "../../lib/plan/stage2_flags.ts";

const SCRIPT = { deno: "/opt/deno", stage2: "/opt/stage2.js" };
const PROGRAM = { stage2: "/state/programs/x/stage2" };

Deno.test("a script is run by its Deno, with the flags that its role needs", () => {
  assert.deepEqual(stage2Words(stage2OnHost(SCRIPT), ["--allow-ffi"]), [
    "/opt/deno",
    ...STAGE2_FLAGS,
    "--allow-ffi",
    "/opt/stage2.js",
  ]);
  assert.deepEqual(stage2Words(stage2Inside(SCRIPT, ["/loader"]), []), [
    "/loader",
    "/run/tombolo/deno",
    ...STAGE2_FLAGS,
    "/run/tombolo/stage2.js",
  ]);
});

Deno.test("a program is called as it is: it would take a flag for its role", () => {
  assert.deepEqual(stage2Words(stage2OnHost(PROGRAM), ["--allow-ffi"]), ["/state/programs/x/stage2"]);
  assert.deepEqual(stage2Words(stage2Inside(PROGRAM, ["/loader"]), ["--allow-ffi"]), [
    "/loader",
    "/run/tombolo/stage2",
  ]);
});

for (const files of [SCRIPT, PROGRAM]) {
  Deno.test(`all that is called inside is mounted there: ${JSON.stringify(files)}`, () => {
    const { program, script } = stage2Inside(files);
    const called = [...program, ...(script === undefined ? [] : [script])];
    assert.deepEqual(stage2Mounts(files).map(({ target }) => target), called);
    const { program: host, script: hostScript } = stage2OnHost(files);
    assert.deepEqual(stage2Mounts(files).map(({ source }) => source), [
      ...host,
      ...(hostScript === undefined ? [] : [hostScript]),
    ]);
  });
}
