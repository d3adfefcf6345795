import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, fixture, MODES } from "../system/tombolo.ts";

const ATTEMPTS = 24;

/** A sandbox that puts a link in the place of `sub` and takes it away again, as quickly as it can. */
async function racing(box: Box, target: string) {
  await Deno.mkdir(`${box.work}/sub`, { recursive: true });
  await Deno.symlink(target, `${box.work}/link`);
  const racer = await Deno.readTextFile(fixture(import.meta.dirname, "exchange.py"));
  const running = box.start([], ["python3", "-c", racer, "sub", "link"]);
  assert.equal(await running.line(), "exchanging");
  return running;
}

for (const mode of EVERY_BACKEND) {
  Deno.test(`M2 a link that another sandbox puts in place while one starts exposes nothing (${mode.name})`, async () => {
    await using box = await Box.create();
    await box.write("home/.aws/credentials", "canary\n");
    const racer = await racing(box, "../home/.aws");
    const script =
      `cat credentials ${box.work}/sub/credentials ${box.work}/link/credentials; echo spoiled > credentials`;
    let started = 0;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const flags = [`--cwd=${box.work}/sub`, `--allow-write=${box.work}/sub`];
      const { code, stdout, stderr } = await box.runIn(mode, flags, ["sh", "-c", script], { cwd: box.root });
      assert.doesNotMatch(stdout, /canary/, stderr);
      if (code !== 125) started++;
      else assert.match(stderr, /tombolo: Cannot|bwrap: /);
    }
    assert.equal(await box.read("home/.aws/credentials"), "canary\n");
    racer.kill("SIGTERM");
    await racer.status();
    // Both outcomes are right; that neither is the only one shows that there was a race.
    assert.ok(started < ATTEMPTS, `${started} of ${ATTEMPTS} started`);
  });
}

Deno.test("M2 sandboxes side by side in one directory start through descriptors, and everyday work goes on", async () => {
  await using box = await Box.create();
  await box.write("work/sub/file", "one\n");
  await box.host(["git", "init", "-q", "."]);
  const first = box.start([], ["sh", "-c", "echo up; exec sleep 1000"]);
  assert.equal(await first.line(), "up");
  for (const mode of MODES) {
    const flags = ["--allow-write=sub", "--deny-read=sub/secret", `--allow-write=${box.home}`];
    const script = `echo two > sub/file && cat sub/file && pwd && echo > .git/config; echo $? $PWD $OLDPWD`;
    const { stdout, stderr } = await box.runIn(mode, flags, ["sh", "-c", script]);
    const capable = "cat /proc/[0-9]*/status | grep CapEff | sort -u";
    const { stdout: capabilities } = await box.runIn(mode, flags, ["sh", "-c", capable]);
    assert.match(capabilities, /^CapEff:\t0+\n$/, mode.name);
    assert.match(stdout, new RegExp(`^two\n${box.work}\n[12] ${box.work} *\n$`), stderr);
  }
  first.kill("SIGTERM");
  await first.status();
});
