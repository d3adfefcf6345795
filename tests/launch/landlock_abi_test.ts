import assert from "node:assert/strict";
import { askLandlockAbi } from "../../lib/launch/landlock_abi.ts";
import type { RuntimeFiles } from "../../lib/plan/host_facts.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A stand-in for stage2's runtime. */
function runtime(directory: TempDirectory, answer: string): RuntimeFiles {
  return {
    deno: directory.file("deno", `#!/bin/sh\n${answer}\n`, 0o755),
    stage2: directory.file("stage2.js"),
  };
}

Deno.test("the version of Landlock is what stage2 says, and where there is none, why", async () => {
  using directory = new TempDirectory();
  assert.deepEqual(await askLandlockAbi(runtime(directory, `echo '{"abi":3}'`)), { abi: 3 });
  const none = runtime(directory, `echo '{"abi":0,"errno":38}'`);
  assert.deepEqual(await askLandlockAbi(none), { abi: 0, errno: 38 });
});

Deno.test("a stage2 that is a program is asked itself, with its role alone", async () => {
  using directory = new TempDirectory();
  const stage2 = directory.file("stage2", `#!/bin/sh\n[ "$*" = abi ] && echo '{"abi":5}'\n`, 0o755);
  assert.deepEqual(await askLandlockAbi({ stage2 }), { abi: 5 });
});

for (const answer of ["exit 1", "echo nonsense", `echo '{"abi":"7"}'`, `echo '{"abi":7}'; echo more`]) {
  Deno.test(`a stage2 that answers with "${answer}" is an error that says what it said`, async () => {
    using directory = new TempDirectory();
    await assert.rejects(
      askLandlockAbi(runtime(directory, `echo why >&2\n${answer}`)),
      /Cannot ask for the version of Landlock: stage2 said "why"/,
    );
  });
}
