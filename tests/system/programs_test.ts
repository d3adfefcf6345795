import assert from "node:assert/strict";
import { assemble } from "../../lib/plan/seccomp/assemble.ts";
import { DATA, jumpIfEqual, load, mark, verdict } from "../../lib/plan/seccomp/statements.ts";
import { WebServer } from "./servers.ts";
import { Box, EVERY_BACKEND, MODES, said, TOMBOLO } from "./tombolo.ts";

const PRINT = "import sys; print('ran')";

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: a denied command is 126 with the rule that denies it, and does not start`, async () => {
    await using box = await Box.create();
    const outcome = await box.runIn(mode, ["--deny-run=touch"], ["touch", "ran"]);
    assert.equal(outcome.code, 126);
    assert.equal(outcome.stderr, "tombolo: denied run touch (denied by touch (--deny-run))\n");
    assert.equal(await box.exists("work/ran"), false);
  });

  Deno.test(`${mode.name}: a command on no list is 126 with the flag that would allow it`, async () => {
    await using box = await Box.create();
    const outcome = await box.runIn(mode, ["--allow-run=sh,ls"], ["touch", "ran"]);
    assert.equal(outcome.code, 126);
    const said = "tombolo: denied run touch (no rule allows it); to allow: --allow-run=touch\n";
    assert.equal(outcome.stderr, said);
    assert.equal(await box.exists("work/ran"), false);
    assert.equal((await box.runIn(mode, ["--allow-run=sh,ls,touch"], ["touch", "ran"])).code, 0);
    assert.equal(await box.exists("work/ran"), true);
  });

  Deno.test(`${mode.name}: what a command starts is held to the same rules`, async () => {
    await using box = await Box.create();
    const script = "import subprocess\nfor name in ('cat', 'touch'):\n" +
      "  try: print(name, subprocess.run([name, '/dev/null']).returncode)\n" +
      "  except OSError as error: print(name, error.errno)";
    for (const flag of ["--deny-run=cat", "--allow-run=python3,touch"]) {
      const { stdout, stderr } = await box.runIn(mode, [flag], ["python3", "-c", script]);
      assert.equal(stdout, "cat 13\ntouch 0\n", stderr);
    }
  });

  Deno.test(`${mode.name}: a denied program cannot be read or copied either`, async () => {
    await using box = await Box.create();
    const { stdout } = await box.runIn(mode, ["--deny-run=cat"], [
      "sh",
      "-c",
      "cp /usr/bin/cat mine; wc -c < mine",
    ]);
    assert.doesNotMatch(stdout, /[1-9]/);
  });
}

Deno.test("a listed file is run under its other names too, and nothing of the orders is left behind", async () => {
  await using box = await Box.create();
  await box.write("tools/one", "#!/bin/sh\necho ran\n", 0o755);
  await Deno.link(`${box.root}/tools/one`, `${box.root}/tools/two`);
  const flags = ["--allow-run=sh", `--allow-run=${box.root}/tools/one`];
  assert.equal((await box.run(flags, [`${box.root}/tools/two`])).stdout, "ran\n");
  assert.equal((await box.shell(flags, `${box.root}/tools/two`)).stdout, "ran\n");
  assert.deepEqual(await box.runDirectories(), []);
});

const LANDLOCK_CREATE_RULESET = 444;
const ENOSYS = 0x00050026;
const ALLOW = 0x7fff0000;

Deno.test("on a kernel without Landlock a list runs nothing, 125; denied programs hold", async () => {
  await using box = await Box.create();
  const absent = [jumpIfEqual(LANDLOCK_CREATE_RULESET, "absent", "there"), mark("absent"), verdict(ENOSYS)];
  await Deno.writeFile(
    `${box.root}/filter`,
    assemble([load(DATA.number), ...absent, mark("there"), verdict(ALLOW)]),
  );
  const script = 'exec 9<"$1"; shift; exec bwrap --dev-bind / / --seccomp 9 "$@"';
  const run = (...args: string[]) =>
    box.host(["sh", "-c", script, "sh", `${box.root}/filter`, TOMBOLO, "run", ...args]);
  for (const mode of MODES) {
    const { code, stderr } = await run(...mode.flags, "--allow-run=touch", "--", "touch", "ran");
    assert.equal(code, 125, stderr);
    assert.match(
      stderr,
      /^tombolo: Cannot limit which programs are run: .* Landlock; run on Linux 5\.13[^\n]*\n$/,
    );
  }
  assert.equal(await box.exists("work/ran"), false);
  const { stdout } = await run("--deny-run=cat", "--", "sh", "-c", "cat /dev/null || echo denied");
  assert.equal(stdout, "denied\n");
});

Deno.test("an ordinary user's list and denied programs hold as well", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const flags = ["--allow-run=sh,id,ls", "--deny-run=ls"];
  const outcome = await box.shell(flags, "id -u >file; ls || echo denied; cat file || echo denied");
  assert.equal(outcome.stdout, "denied\ndenied\n", outcome.stderr);
  assert.ok((await box.read("work/file"))?.trim() !== "");
});

Deno.test("a script is run with the interpreters that it names, and not without them", async () => {
  await using box = await Box.create();
  await box.write("work/plain", "#!/bin/sh\necho ran; ls\n", 0o755);
  await box.write("work/by-env", "#!/usr/bin/env -S python3 -E\nprint('ran')", 0o755);
  await box.write("work/nested", `#!${box.work}/by-plain\n`, 0o755);
  await box.write("work/by-plain", "#!/bin/sh\necho ran", 0o755);
  const plain = await box.run(["--allow-run=./plain"], ["./plain"]);
  assert.equal(plain.stdout, "ran\n");
  assert.match(plain.stderr, /ls: Permission denied/);
  assert.equal((await box.run(["--allow-run=./by-env"], ["./by-env"])).stdout, "ran\n");
  assert.equal((await box.run(["--allow-run=./nested"], ["./nested"])).stdout, "ran\n");
  for (const flags of [["--allow-run=./plain", "--deny-run=sh"], ["--deny-run=sh"]]) {
    const denied = await box.run([...flags, "--quiet"], ["./plain"]);
    assert.equal(denied.code, 126);
    assert.equal(
      denied.stderr,
      "tombolo: denied run ./plain (its interpreter /bin/sh: denied by sh (--deny-run))\n",
    );
  }
});

Deno.test("a directory stands for the programs below it, and a file of the policy says the same as flags", async () => {
  await using box = await Box.create();
  await box.write("tools/bin/tool", "#!/bin/sh\necho ran\n", 0o755);
  await box.write("tools/policy.json", '{ "run": { "allow": ["sh", "./bin"], "deny": ["/usr/bin/id"] } }');
  const flags = [`--policy=${box.root}/tools/policy.json`];
  const outcome = await box.shell(flags, `${box.root}/tools/bin/tool; id || echo denied`);
  assert.equal(outcome.stdout, "ran\ndenied\n", outcome.stderr);
  await box.write("tools/nothing.json", '{ "run": { "allow": [] } }');
  assert.equal((await box.run([`--policy=${box.root}/tools/nothing.json`], ["true"])).code, 126);
});

Deno.test("with preset none the list and denied programs hold as well", async () => {
  await using box = await Box.create();
  const base = ["--preset=none", "--allow-read=/usr,.", "--env", "PATH=/usr/bin"];
  const script =
    `${PRINT}\nimport subprocess\ntry: subprocess.run(['ls'])\nexcept OSError as error: print(error.errno)`;
  for (const flag of ["--allow-run=python3", "--deny-run=ls"]) {
    const { stdout, stderr } = await box.run([...base, flag], ["python3", "-c", script]);
    assert.equal(stdout, "ran\n13\n", stderr);
  }
});

Deno.test("with the gateway a listed client reaches its host, and an unlisted one is not started", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
  const url = `http://web.test:${server.port}/`;
  const script = `curl -s ${url}; wget -q -O - ${url}; echo $?`;
  const { stdout, stderr } = await box.shell([...flags, "--allow-run=sh,curl"], script);
  assert.match(stdout, /^hello[\s\S]*126\n$/, stderr);
});

Deno.test("git commits with itself and its own directory of helpers on the list", async () => {
  await using box = await Box.create();
  const helpers = (await box.host(["git", "--exec-path"])).stdout.trim();
  assert.equal((await box.host(["git", "init", "--quiet", "."])).code, 0);
  const identity = ["-c", "user.name=a", "-c", "user.email=a@b.test"];
  const flags = [`--allow-run=git,${helpers}`];
  await box.write("work/file", "x");
  assert.equal((await box.run(flags, ["git", "add", "file"])).code, 0);
  const commit = await box.run(flags, ["git", ...identity, "commit", "-m", "one"]);
  assert.equal(commit.code, 0, commit.stderr);
  assert.doesNotMatch(commit.stderr, /cannot exec/);
  assert.equal((await box.run(flags, ["git", "gc", "--quiet"])).code, 0);
  assert.equal((await box.run(flags, ["git", "status", "--short"])).stdout, "");
});

Deno.test("denials of programs are events: of the command itself, and of what it was to run in its turn", async () => {
  await using box = await Box.create();
  const direct = await box.run(["--deny-run=id", `--events=${box.root}/direct`], ["id"]);
  const byEnv = await box.run(["--allow-run=env", `--events=${box.root}/env`], ["env", "A=1", "id"]);
  assert.deepEqual([direct.code, byEnv.code], [126, 126]);
  assert.deepEqual(said(byEnv), ["tombolo: denied run id (no rule allows it); to allow: --allow-run=id"]);
  const [first, second] = await Promise.all(["direct", "env"].map(async (name) => {
    const { time: _, ...event } = JSON.parse(await box.read(name) ?? "");
    return event;
  }));
  const same = { kind: "run", decision: "deny", target: "id" };
  assert.deepEqual(first, {
    ...same,
    reason: "denied by id (--deny-run)",
    rule: { text: "id", origin: "--deny-run" },
  });
  assert.deepEqual(second, { ...same, reason: "no rule allows it", suggestion: "--allow-run=id" });
});

Deno.test("explain says which files a list lets run, why, under which other names, and what it does not hold", async () => {
  await using box = await Box.create();
  await box.write("tools/real", "#!/bin/sh\n", 0o755);
  await Deno.symlink("real", `${box.root}/tools/alias`);
  const env = { PATH: `${box.root}/tools:/usr/bin` };
  const args = ["explain", `--allow-run=${box.root}/tools/real`, "--deny-run=id,absent.test"];
  const { stdout } = await box.tombolo(args, { env });
  const shell = await Deno.realPath("/bin/sh");
  const text = stdout.replaceAll(/ +/g, " ");
  assert.ok(
    text.includes(`${box.root}/tools/real ${box.root}/tools/real (--allow-run); allowed with it: `),
    text,
  );
  assert.ok(text.includes(`allowed with it: ${box.root}/tools/alias\n`), text);
  assert.ok(
    text.includes(`${shell} ${box.root}/tools/real (--allow-run): interpreter of ${box.root}/tools/real`),
    text,
  );
  assert.match(text, /run, denied:\n \/usr\/bin\/id id \(--deny-run\)\n/);
  assert.match(text, /not found \(nothing to deny\):\n absent\.test --deny-run\n/);
  assert.match(text, /limits of the list: .*\nrun, denied[^]*limits of denied programs: /);
});

Deno.test("explain says of a denied program's other names whether they are denied", async () => {
  await using box = await Box.create();
  await box.write("work/tool", "", 0o755);
  await Deno.link(`${box.work}/tool`, `${box.work}/beside`);
  const explained = async () => (await box.tombolo(["explain", "--deny-run=./tool"])).stdout;
  assert.match(await explained(), /work\/beside +\.\/tool \(--deny-run\): hard link to/);
  assert.doesNotMatch(await explained(), /^note: /m);
  await Deno.link(`${box.work}/tool`, `${box.root}/elsewhere`);
  assert.match(await explained(), /^note: "[^"]*work\/tool" has other names that were not found/m);
});
