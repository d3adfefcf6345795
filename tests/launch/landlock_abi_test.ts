import assert from "node:assert/strict";
import { landlockAbi, type LandlockRequest } from "../../lib/launch/landlock_abi.ts";
import { TempDirectory } from "./temp_directory.ts";

const MINUTE = 60_000;

/** A stand-in for stage2's runtime that counts how often it is asked. */
function request(directory: TempDirectory, answer: string): LandlockRequest {
  const deno = directory.file("deno", `#!/bin/sh\necho >>"${directory.at("asked")}"\n${answer}\n`, 0o755);
  return {
    kernel: "6.1.0",
    uid: 1000,
    stateDirectory: directory.path,
    runtime: { deno, stage2: directory.file("stage2.js") },
  };
}

function timesAsked(directory: TempDirectory): number {
  return Deno.readTextFileSync(directory.at("asked")).length;
}

const HAS_3 = `echo '{"abi":3}'`;
const HAS_NONE = `echo '{"abi":0,"errno":38}'`;

Deno.test("the version of Landlock is asked for once", async () => {
  using directory = new TempDirectory();
  const asked = request(directory, HAS_3);
  for (let time = 0; time < 3; time++) assert.deepEqual(await landlockAbi(asked), { abi: 3 });
  assert.equal(timesAsked(directory), 1);
});

Deno.test("another kernel or another user is asked anew", async () => {
  using directory = new TempDirectory();
  const asked = request(directory, HAS_3);
  await landlockAbi(asked);
  await landlockAbi({ ...asked, kernel: "6.2.0" });
  await landlockAbi({ ...asked, kernel: "6.2.0", uid: 0 });
  assert.equal(timesAsked(directory), 3);
});

Deno.test("that there is none is remembered for ten minutes, and why", async () => {
  using directory = new TempDirectory();
  const asked = request(directory, HAS_NONE);
  const start = Date.now();
  assert.deepEqual(await landlockAbi(asked, start), { abi: 0, errno: 38 });
  assert.deepEqual(await landlockAbi(asked, start + 9 * MINUTE), { abi: 0, errno: 38 });
  assert.equal(timesAsked(directory), 1);
  await landlockAbi(asked, start + 11 * MINUTE);
  assert.equal(timesAsked(directory), 2);
});

Deno.test("a remembered answer that is damaged is asked for anew", async () => {
  using directory = new TempDirectory();
  const asked = request(directory, HAS_3);
  await landlockAbi(asked);
  const file = directory.at("landlock-abi");
  for (const damage of ["", Deno.readTextFileSync(file).replace('{"abi":3}', '{"abi":-3}')]) {
    Deno.writeTextFileSync(file, damage);
    assert.deepEqual(await landlockAbi(asked), { abi: 3 });
  }
});

for (const answer of ["exit 1", "echo nonsense", `echo '{"abi":"7"}'`, `echo '{"abi":7}'; echo more`]) {
  Deno.test(`a stage2 that answers with "${answer}" is an error, and is not remembered`, async () => {
    using directory = new TempDirectory();
    const asked = request(directory, `echo why >&2\n${answer}`);
    await assert.rejects(landlockAbi(asked), /Cannot ask for the version of Landlock: stage2 said "why"/);
    assert.equal(directory.exists("landlock-abi"), false);
  });
}
