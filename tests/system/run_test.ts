import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, type Mode, MODES, processesWith, said, until } from "./tombolo.ts";

Deno.test("each mode is started as it says", async () => {
  await using box = await Box.create();
  const started: Partial<Record<Mode["name"], string>> = {
    direct: "network none, direct",
    stage2: "network none, stage2",
    gateway: "network gateway, stage2",
  };
  for (const mode of MODES) {
    const { code, stderr } = await box.runIn(mode, ["-v"], ["true"]);
    assert.equal(code, 0);
    const [, network, launcher] = /(network \w+), .* started by (\w+)/.exec(stderr) ?? [];
    assert.equal(`${network}, ${launcher}`, started[mode.name], mode.name);
  }
});

Deno.test("descriptors that the caller leaves open cost no stage2 where bash can close them", async () => {
  await using box = await Box.create();
  const tombolo = new URL("../../bin/tombolo", import.meta.url).pathname;
  const start = `exec 10</dev/null 63</dev/null; exec "$@"`;
  const { code, stderr } = await box.host(["bash", "-c", start, "bash", tombolo, "run", "-v", "--", "true"]);
  assert.equal(code, 0);
  assert.match(stderr, /started by direct/);
});

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: the exit status is the command's own`, async () => {
    await using box = await Box.create();
    for (const status of [0, 1, 2, 77, 124, 125, 126, 127, 128, 255]) {
      const { code, stderr } = await box.runIn(mode, [], ["sh", "-c", `exit ${status}`]);
      assert.equal(code, status);
      assert.equal(stderr, "", `a command's own ${status} is not tombolo's failure`);
    }
  });

  Deno.test(`${mode.name}: a command ended by signal n gives 128+n`, async () => {
    await using box = await Box.create();
    for (
      const [name, number] of [["TERM", 15], ["KILL", 9], ["INT", 2], ["ABRT", 6], ["PIPE", 13], [
        "USR1",
        10,
      ]] as const
    ) {
      const { code, stderr } = await box.runIn(mode, [], ["sh", "-c", `kill -${name} $$`]);
      assert.equal(code, 128 + number, name);
      assert.equal(stderr, "");
    }
  });

  Deno.test(`${mode.name}: stdin, stdout, stderr and arguments pass byte for byte`, async () => {
    await using box = await Box.create();
    const odd = ["", " ", "a\nb", "'", '"', "$HOME", "--", "-x", "\\", "\u00e9\u{1f600}", "*"];
    const { stdout, stderr } = await box.runIn(
      mode,
      [],
      ["sh", "-c", 'printf "%s\\0" "$@"; cat; echo err >&2', "sh", ...odd],
      { stdin: "from stdin\n" },
    );
    assert.equal(stdout, odd.map((text) => text + "\0").join("") + "from stdin\n");
    assert.equal(stderr, "err\n");
  });

  Deno.test(`${mode.name}: a command that heeds TERM is timed out with 124 and one line`, async () => {
    await using box = await Box.create();
    const script = 'trap "echo heeded; exit 3" TERM; echo ready; sleep 60 & wait';
    const outcome = await box.runIn(mode, ["--timeout=500ms"], ["sh", "-c", script]);
    assert.equal(outcome.code, 124);
    assert.equal(outcome.stdout, "ready\nheeded\n");
    assert.deepEqual(said(outcome), [
      "tombolo: limit wall time 500ms reached (--timeout): the command was ended",
    ]);
  });
}

Deno.test("a command that ignores TERM is killed, with all that it started", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  const { code } = await box.shell(
    ["--timeout=300ms"],
    `trap "" TERM; sleep ${mark} & sleep ${mark}; sleep ${mark}`,
  );
  assert.equal(code, 124);
  await until(() => processesWith(mark).length === 0, "the end of the command");
});

Deno.test("a command that ends in time does not wait for its timeout", async () => {
  await using box = await Box.create();
  assert.equal((await box.run(["--timeout=24h"], ["true"])).code, 0);
});

Deno.test("a closed stdin, stdout or stderr of the caller is no error", async () => {
  await using box = await Box.create();
  for (const before of ["exec <&-", "exec >&-", "exec 2>&-", "exec <&- >&- 2>&-"]) {
    const { code } = await box.shell([], "echo out; echo err >&2; echo there > file", { before });
    assert.equal(await box.read("work/file"), "there\n", before);
    assert.ok(code === 0, `${before}: ${code}`);
    await Deno.remove(`${box.work}/file`);
  }
});

Deno.test("signals that the caller ignores are not needed to start or to end", async () => {
  await using box = await Box.create();
  const { code, stdout } = await box.shell([], "trap - INT TERM; kill -TERM $$; echo alive", {
    before: "trap '' INT TERM",
  });
  assert.ok((code === 143 && stdout === "") || (code === 0 && stdout === "alive\n"));
});

Deno.test("the soft limit of open files is the caller's", async () => {
  await using box = await Box.create();
  for (const mode of EVERY_BACKEND) {
    const { stdout } = await box.runIn(mode, [], ["sh", "-c", "ulimit -Sn"], { before: "ulimit -Sn 321" });
    assert.equal(stdout, "321\n", mode.name);
  }
});

Deno.test("a command that a script starts by its first line runs, one without a first line by sh", async () => {
  await using box = await Box.create();
  await box.write("work/with", "#!/bin/sh\necho with $1\n", 0o755);
  await box.write("work/without", "echo without $1\n", 0o755);
  for (const mode of EVERY_BACKEND) {
    assert.equal((await box.runIn(mode, [], ["./with", "x"])).stdout, "with x\n", mode.name);
    assert.equal((await box.runIn(mode, [], ["./without", "x"])).stdout, "without x\n", mode.name);
  }
});
