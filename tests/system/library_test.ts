import assert from "node:assert/strict";
import { Policy, Sandbox, type SandboxChild, TomboloError } from "../../lib/mod.ts";
import { environmentOf, firstLine, openBox, openIn, policyIn } from "./library_box.ts";
import { Box, exists, within } from "./tombolo.ts";

const PIPED = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
const QUIET = { stdin: "null", stdout: "null", stderr: "null" } as const;

async function rejection(child: SandboxChild): Promise<TomboloError> {
  const error = await child.status.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof TomboloError, String(error));
  return error;
}

Deno.test("a command runs in the sandbox, and its output and status are the command's own", async () => {
  await using opened = await openBox();
  const { box, sandbox } = opened;
  const script = "echo out; echo err >&2; pwd; echo made >made; exit 3";
  const { code, success, signal, stdout, stderr, denials } = await sandbox.spawn(["sh", "-c", script], PIPED)
    .output();
  assert.equal(new TextDecoder().decode(stdout), `out\n${box.work}\n`);
  assert.equal(new TextDecoder().decode(stderr), "err\n");
  assert.deepEqual([code, success, signal, denials], [3, false, null, []]);
  assert.equal(await box.read("work/made"), "made\n");
});

Deno.test("a child has the shape of a child of Deno's own", async () => {
  await using opened = await openBox();
  const child: Deno.ChildProcess = opened.sandbox.spawn(["cat"], { ...PIPED, stdin: "piped" });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("through"));
  await writer.close();
  assert.equal(await child.stdout.text(), "through");
  assert.ok(child.pid > 0);
  assert.equal((await child.status).success, true);
});

Deno.test("what is written at once and in pieces reaches the command whole, and comes back whole", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["cat"], { ...PIPED, stdin: "piped" });
  const piece = crypto.getRandomValues(new Uint8Array(50_000));
  const pieces = 40;
  const feed = async () => {
    const writer = child.stdin.getWriter();
    for (let index = 0; index < pieces; index++) await writer.write(piece);
    await writer.close();
  };
  const [received] = await Promise.all([child.stdout.bytes(), feed()]);
  assert.equal(received.length, piece.length * pieces);
  for (let index = 0; index < pieces; index++) {
    assert.deepEqual(received.subarray(index * piece.length, (index + 1) * piece.length), piece);
  }
});

Deno.test("a stream that is not piped is refused as Deno refuses it", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["true"], QUIET);
  for (const name of ["stdin", "stdout", "stderr"] as const) assert.throws(() => child[name], TypeError);
  await assert.rejects(child.output(), TypeError);
  await child.status;
});

Deno.test("64 commands at once all succeed, each with its own output", async () => {
  await using opened = await openBox();
  const outputs = await Promise.all(
    Array.from(
      { length: 64 },
      (_, index) => opened.sandbox.spawn(["sh", "-c", `echo ${index}; exit ${index % 4}`], PIPED).output(),
    ),
  );
  assert.deepEqual(
    outputs.map(({ stdout, code }) => [new TextDecoder().decode(stdout), code]),
    outputs.map((_, index) => [`${index}\n`, index % 4]),
  );
  assert.deepEqual(await opened.box.runDirectories(), []);
});

Deno.test("a signal reaches the command, which may handle it", async () => {
  await using opened = await openBox();
  const script = 'trap "echo caught; exit 7" USR1; echo ready; while :; do sleep 0.01; done';
  const child = opened.sandbox.spawn(["sh", "-c", script], PIPED);
  assert.equal(await firstLine(child.stdout), "ready");
  child.kill("SIGUSR1");
  assert.equal(await child.stdout.text(), "caught\n");
  assert.equal((await child.status).code, 7);
  assert.throws(() => child.kill(), TypeError);
});

Deno.test("a signal that ends the command is told as Deno tells it", async () => {
  await using opened = await openBox();
  for (const [name, number] of [["SIGTERM", 15], ["SIGKILL", 9], ["SIGINT", 2]] as const) {
    const child = opened.sandbox.spawn(["sh", "-c", "echo ready; exec sleep 1000"], PIPED);
    assert.equal(await firstLine(child.stdout), "ready");
    child.kill(name === "SIGINT" ? 2 : name);
    const { code, signal, success } = await within(child.status, `the end by ${name}`);
    assert.deepEqual([code, signal, success], [128 + number, name, false]);
  }
});

Deno.test("a command that is killed before it is started never runs", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["sh", "-c", "echo ran >ran"], QUIET);
  child.kill("SIGKILL");
  const { code, signal } = await child.status;
  assert.deepEqual([code, signal], [137, "SIGKILL"]);
  assert.equal(await opened.box.exists("work/ran"), false);
});

Deno.test("a signal that cannot be sent is refused", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["true"], QUIET);
  assert.throws(() => child.kill("SIGPWR"), /Cannot send signal SIGPWR/);
  assert.equal((await child.status).code, 0);
});

Deno.test("an abort ends the command", async () => {
  await using opened = await openBox();
  const controller = new AbortController();
  const child = opened.sandbox.spawn(["sh", "-c", "echo ready; exec sleep 1000"], {
    ...PIPED,
    signal: controller.signal,
  });
  assert.equal(await firstLine(child.stdout), "ready");
  controller.abort();
  assert.equal((await within(child.status, "the end by abort")).signal, "SIGTERM");
  const late = opened.sandbox.spawn(["sh", "-c", "echo ran >ran"], { ...QUIET, signal: controller.signal });
  assert.equal((await late.status).signal, "SIGTERM");
  assert.equal(await opened.box.exists("work/ran"), false);
});

Deno.test("disposing of a child ends it", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["sleep", "1000"], QUIET);
  await child.started;
  await within(child[Symbol.asyncDispose](), "the end of the child");
  assert.equal((await child.status).signal, "SIGTERM");
});

Deno.test("options move the working directory and set variables, and no rule with them", async () => {
  await using opened = await openBox({ env: { deny: ["LANG"] } });
  const { box, sandbox } = opened;
  await box.write("work/sub/file", "text");
  const child = sandbox.spawn(["sh", "-c", 'pwd; echo "$GREETING:$LANG:$HOME"; echo x >../made'], {
    ...PIPED,
    cwd: "sub",
    env: { GREETING: "hello there" },
  });
  assert.equal(await child.stdout.text(), `${box.work}/sub\nhello there::${box.home}\n`);
  assert.equal((await child.status).code, 0);
  assert.equal(await box.read("work/made"), "x\n");
});

Deno.test("what cannot be started says why, and nothing runs", async () => {
  await using opened = await openBox({ run: { deny: ["/usr/bin/id"] } });
  const { box, sandbox } = opened;
  await box.write("work/plain", "no program");
  assert.equal((await rejection(sandbox.spawn(["no-such-program"], QUIET))).kind, "not-found");
  assert.equal((await rejection(sandbox.spawn(["./plain"], QUIET))).kind, "not-executable");
  assert.equal((await rejection(sandbox.spawn(["id"], QUIET))).kind, "not-executable");
  assert.match((await rejection(sandbox.spawn(["true"], { ...QUIET, cwd: "nowhere" }))).message, /nowhere/);
  assert.match((await rejection(sandbox.spawn(["true"], { ...QUIET, env: { "A=B": "" } }))).message, /A=B/);
  const [denied] = sandbox.events.snapshot();
  assert.deepEqual([denied?.kind, denied?.decision, denied?.target], ["run", "deny", "id"]);
});

Deno.test("streams of a command that was not started end, and writing to it fails", async () => {
  await using opened = await openBox();
  const child = opened.sandbox.spawn(["no-such-program"], { ...PIPED, stdin: "piped" });
  assert.equal(await child.stdout.text(), "");
  await assert.rejects(child.stdin.getWriter().write(new Uint8Array(1)));
  await child.started;
  assert.throws(() => child.pid, /there is no process/);
  await assert.rejects(child.status, TomboloError);
});

Deno.test("words that are none are refused at once", async () => {
  await using opened = await openBox();
  assert.throws(() => opened.sandbox.spawn([]), TypeError);
  assert.throws(() => opened.sandbox.spawn(["echo", "a\0b"]), TypeError);
});

Deno.test("a policy that is wrong, or cannot hold here, is refused when the sandbox is opened", async () => {
  await using box = await Box.create();
  const refused = (document: object, wanted: RegExp) =>
    assert.rejects(
      Promise.resolve().then(() => openIn(box, document)),
      (error) => error instanceof TomboloError && wanted.test(error.message),
    );
  await refused({ reed: {} }, /unknown key "reed"/);
  await refused({ read: { allow: ["/no/such/path"] } }, /no such file or directory/);
  await refused({ net: { allow: ["*"] } }, /is not a host/);
  await refused({ limits: { wallTime: "soon" } }, /wallTime|duration/i);
  await assert.rejects(Sandbox.open("{ broken"), TomboloError);
  const missing = Sandbox.open(policyIn(box), { stage2: `${box.root}/missing.js` });
  await assert.rejects(missing, (error) => error instanceof TomboloError && error.remedy !== undefined);
});

Deno.test("two sandboxes at once keep to their own policies", async () => {
  await using box = await Box.create();
  await using strong = await openIn(box, { extends: "read-only" });
  await using weak = await openIn(box);
  const write = (sandbox: Sandbox, name: string) =>
    sandbox.spawn(["sh", "-c", `echo x >${name}`], QUIET).status;
  const [denied, allowed] = await Promise.all([write(strong, "one"), write(weak, "two")]);
  assert.notEqual(denied.code, 0);
  assert.equal(allowed.code, 0);
  assert.deepEqual(await box.list("work"), ["two"]);
});

Deno.test("a composed policy denies inside what its parent denies, whatever its child allows", async () => {
  await using box = await Box.create();
  await box.write("work/secret/deep/file", "hidden");
  await box.write("work/open/file", "shown");
  await Deno.symlink(`${box.work}/secret/deep`, `${box.work}/way`);
  const parent = policyIn(box, { read: { deny: ["secret"] }, env: { deny: ["LANG"] } });
  const child = Policy.parse(
    { read: { allow: ["secret/deep"], deny: ["open"] }, env: { allow: ["LANG"] } },
    { cwd: box.work, environment: environmentOf(box) },
  );
  await using sandbox = await Sandbox.open(Policy.compose(parent, child));
  const script = 'cat secret/deep/file; cat way/file; cat open/file; echo "lang=$LANG"';
  const { stdout } = await sandbox.spawn(["sh", "-c", script], PIPED).output();
  assert.equal(new TextDecoder().decode(stdout), "lang=\n");
});

Deno.test("limits hold, and are told", async () => {
  await using opened = await openBox({ limits: { wallTime: "300ms" } });
  const { code, limits } = await within(opened.sandbox.spawn(["sleep", "1000"], QUIET).status, "the limit");
  assert.equal(code, 124);
  assert.deepEqual(limits.map(({ kind, target }) => [kind, target]), [["limit", "wallTime"]]);
});

Deno.test("what a command leaves where the host would run it is set aside before its status is told", async () => {
  await using opened = await openBox();
  const { box, sandbox } = opened;
  const script = "mkdir -p .vscode && echo '{}' >.vscode/tasks.json";
  const { code, setAside } = await sandbox.spawn(["sh", "-c", script], QUIET).status;
  assert.equal(code, 0);
  const [entry] = setAside;
  assert.equal(entry?.path, `${box.work}/.vscode`);
  assert.equal(await box.exists("work/.vscode"), false);
  assert.ok(await exists(entry.movedTo ?? ""));
  assert.ok(
    sandbox.events.snapshot().some(({ kind, target }) => kind === "protection" && target === entry.path),
  );
});

Deno.test("what one command has made is protected from the next", async () => {
  await using opened = await openBox();
  const { box, sandbox } = opened;
  const run = (script: string) => sandbox.spawn(["sh", "-c", script], QUIET).status;
  assert.equal((await run("git init -q made")).code, 0);
  assert.equal(await box.exists("work/made/.git"), true);
  assert.notEqual((await run("echo '#!/bin/sh' >made/.git/hooks/pre-commit")).code, 0);
  assert.notEqual((await run("git -C made config core.fsmonitor ./evil")).code, 0);
  assert.equal((await run("echo text >made/file && git -C made add file")).code, 0);
  assert.equal(await box.exists("work/made/.git/hooks/pre-commit"), false);
});

Deno.test("after the sandbox is closed nothing can be started", async () => {
  await using box = await Box.create();
  const sandbox = await openIn(box);
  await sandbox[Symbol.asyncDispose]();
  await sandbox[Symbol.asyncDispose]();
  assert.throws(() => sandbox.spawn(["true"]), TypeError);
});

Deno.test("a failed command says what of its arguments was denied", async () => {
  await using opened = await openBox();
  const { box, sandbox } = opened;
  await box.write("home/.ssh/id_test", "key");
  const { denials } = await sandbox.spawn(["cat", `${box.home}/.ssh/id_test`], QUIET).status;
  assert.deepEqual(denials.map(({ kind, decision }) => [kind, decision]), [["read", "deny"]]);
  assert.equal(denials[0]?.rule?.text, "~/.ssh");
});
