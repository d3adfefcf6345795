import assert from "node:assert/strict";
import { join } from "node:path";
import { Box } from "../system/tombolo.ts";
import { type Example, examplesOf, promisedOutput, ROOT } from "./examples.ts";

const FILES = [
  "docs/library.md",
  "docs/agent_loop.md",
  "lib/mod.ts",
  ...Array.from(Deno.readDirSync(join(ROOT, "lib", "library")), ({ name }) => `lib/library/${name}`).sort(),
];
const EXAMPLES = FILES.flatMap((file) => examplesOf(file, Deno.readTextFileSync(join(ROOT, file))));

// Beside the tests, so that the checkout's configuration holds for them.
async function deno(
  box: Box,
  examples: readonly Example[],
  ...args: readonly string[]
): Promise<Deno.CommandOutput> {
  const files = await Promise.all(
    examples.map(({ code }, index) => box.write(`examples/${index}.ts`, code)),
  );
  return await new Deno.Command(Deno.execPath(), {
    args: [...args, "--config", join(ROOT, "deno.json"), ...files],
    cwd: box.work,
    env: { HOME: box.home, XDG_STATE_HOME: "", XDG_RUNTIME_DIR: "", NO_COLOR: "1" },
    stdin: "null",
  }).output();
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("the examples of the library are found", () => {
  for (const file of ["docs/library.md", "docs/agent_loop.md", "lib/mod.ts", "lib/library/sandbox.ts"]) {
    assert.ok(EXAMPLES.some(({ place }) => place.startsWith(`${file}:`)), file);
  }
});

Deno.test("every example of the library type-checks", async () => {
  await using box = await Box.create();
  const { code, stderr } = await deno(box, EXAMPLES, "check", "--quiet");
  assert.equal(code, 0, text(stderr));
});

for (const example of EXAMPLES) {
  Deno.test(`the example of ${example.place} prints what it says`, async () => {
    await using box = await Box.create();
    const { code, stdout, stderr } = await deno(
      box,
      [example],
      "run",
      "--quiet",
      "--no-check",
      "--no-prompt",
      "--allow-read",
      "--allow-write",
      "--allow-env",
      "--allow-net",
      "--allow-run=/bin/sh",
      "--allow-sys=networkInterfaces,osRelease,uid",
    );
    assert.equal(code, 0, text(stderr));
    const promised = promisedOutput(example);
    assert.ok(promised.length > 0, "it promises nothing");
    const printed = text(stdout).split("\n").filter((line) => line !== "");
    assert.deepEqual(printed, promised);
  });
}
