import assert from "node:assert/strict";
import { Box, EVERY_BACKEND } from "./tombolo.ts";

const LINE = /^tombolo: +\d+\.\d ms +\+\d+\.\d {2}(.+)$/;

function phases(stderr: string): string[] {
  return stderr.split("\n").flatMap((line) => LINE.exec(line)?.[1] ?? []);
}

const PREPARED = [
  "start script begun",
  "runtime up",
  "modules loaded",
  "flags parsed",
  "policy parsed",
  "host inspected",
  "facts gathered",
  "plan made",
];

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: --trace-start says at the end when each phase was over`, async () => {
    await using box = await Box.create();
    const { stdout, stderr, code } = await box.runIn(mode, ["--trace-start"], ["echo", "ran"]);
    assert.deepEqual([stdout, code], ["ran\n", 0]);
    assert.deepEqual(phases(stderr), [
      ...PREPARED,
      ...(mode.name === "gateway" ? ["gateway listening"] : []),
      // The warden of Landlock was started while the host was inspected.
      ...(mode.name === "landlock" ? [] : ["sandbox spawned"]),
      "sandbox up",
      "command ended",
      "tree checked",
    ]);
  });
}

Deno.test("nothing is traced where it is the command that is called with --trace-start", async () => {
  await using box = await Box.create();
  const { stdout, stderr } = await box.tombolo(["run", "--", "echo", "--trace-start"]);
  assert.deepEqual([stdout, stderr], ["--trace-start\n", ""]);
});

Deno.test("a trace is JSON with --json", async () => {
  await using box = await Box.create();
  const { stderr } = await box.tombolo(["run", "--trace-start", "--json", "--", "true"]);
  const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(lines.slice(0, PREPARED.length).map(({ phase }) => phase), PREPARED);
  assert.ok(lines.every(({ milliseconds }) => typeof milliseconds === "number"));
});
