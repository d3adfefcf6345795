import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../bin/run_deno.ts";
import { Box, TOMBOLO } from "../system/tombolo.ts";

const SMOKE = join(ROOT, "bin", "smoke.sh");

Deno.test("the smoke test of a release finds that tombolo works, and leaves nothing", async () => {
  await using box = await Box.create();
  const { code, stdout, stderr } = await box.host(["sh", SMOKE, TOMBOLO]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^tombolo \d+\.\d+\.\d+\nsmoke: it works\n$/);
  assert.deepEqual(await box.list("home"), [".local"]);
});

const RUNS = 'case $1 in --version) echo tombolo 1.0.0 ;; *) while [ "$1" != -- ]; do shift; done; shift; ';

for (
  const [what, script, says] of [
    ["another program", "echo something", /it is not tombolo/],
    ["what does not run", "exit 1", /does not say its version/],
    ["what runs commands without a sandbox", `${RUNS} exec "$@" ;; esac`, /the command wrote outside/],
    ["what loses the status", `${RUNS} "$@"; exit 0 ;; esac`, /the command's status is lost/],
    ["what runs nothing", `${RUNS} exit 0 ;; esac`, /did not write its working directory/],
  ] as const
) {
  Deno.test(`the smoke test of a release is not content with ${what}`, async () => {
    await using box = await Box.create();
    const fake = await box.write("fake", `#!/bin/sh\n${script}\n`, 0o755);
    const { code, stderr } = await box.host(["sh", SMOKE, fake]);
    assert.equal(code, 1);
    assert.match(stderr, says);
  });
}
