import assert from "node:assert/strict";
import { LiveLock } from "../../lib/launch/live_lock.ts";
import { Box, exists, said, until } from "../system/tombolo.ts";
import { RawWorker } from "./raw_worker.ts";

/** Starts a worker on a socket and waits until it is ready. */
async function onSocket(box: Box, flags: readonly string[] = []) {
  const path = `${box.root}/private/s`;
  const running = box.startTombolo(["worker", `--socket=${path}`, `--root=${box.work}`, ...flags]);
  assert.equal(await running.line(), "ready");
  return { path, running };
}

const mode = async (path: string) => ((await Deno.stat(path)).mode ?? 0) & 0o7777;

Deno.test("the socket and its directory are the user's alone, one client is taken, and nothing is left", async () => {
  await using box = await Box.create();
  const { path, running } = await onSocket(box);
  assert.equal(await mode(path), 0o600);
  assert.equal(await mode(`${box.root}/private`), 0o700);
  using client = await Deno.connect({ transport: "unix", path });
  await until(async () => !await exists(path), "the socket to go");
  await assert.rejects(Deno.connect({ transport: "unix", path }));
  await client.write(new Uint8Array([0, 0, 0, 15, ...new TextEncoder().encode('{"kind":"ping"}')]));
  const answer = new Uint8Array(100);
  const length = await client.read(answer);
  assert.equal(new TextDecoder().decode(answer.subarray(4, length ?? 0)), '{"kind":"pong"}');
  client.closeWrite();
  assert.equal((await running.status()).code, 0);
  assert.deepEqual(await box.list("private"), []);
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("a directory that others may enter is refused for the socket", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/shared`, { mode: 0o755 });
  await Deno.chmod(`${box.root}/shared`, 0o755);
  for (const place of [`${box.root}/shared/s`, "/tmp/tombolo-test-socket"]) {
    const { code, stderr } = await box.tombolo(["worker", `--socket=${place}`, `--root=${box.work}`]);
    assert.equal(code, 125);
    assert.match(stderr, /others may enter it|belongs to another user/);
    assert.equal(await exists(place), false);
  }
});

Deno.test("mistakes in the call are said, with status 125", async () => {
  await using box = await Box.create();
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /either --socket=PATH or --stdio/],
    [["--stdio", "--socket=/x/s", `--root=${box.work}`], /either --socket=PATH or --stdio/],
    [["--stdio"], /--root=DIR/],
    [["--stdio", "--root=no-such-directory"], /no such directory/],
    [["--stdio", `--root=${box.work}`, "--allow-net=a.test"], /means nothing to tombolo worker/],
    [["--stdio", `--root=${box.work}`, "--cwd=."], /means nothing to tombolo worker/],
    [["--stdio", `--root=${box.work}`, "--", "true"], /takes no command/],
    [["--stdio", `--root=${box.work}`, "--no-such-flag"], /Unknown flag/],
  ];
  for (const [flags, message] of wrong) {
    const { code, stderr } = await box.tombolo(["worker", ...flags]);
    assert.equal(code, 125, flags.join(" "));
    assert.match(stderr, message);
  }
});

Deno.test("where bubblewrap cannot be had nothing is served", async () => {
  await using box = await Box.create();
  // Every bwrap of this host could have been planted by a sandbox that may write there.
  await using worker = new RawWorker(box, ["--backend=bubblewrap", "--allow-write=/usr"]);
  assert.equal(await worker.end(), 125);
  assert.match(await worker.stderr, /^tombolo: Cannot use "[^"]*bwrap"[^\n]*\n$/);
});

Deno.test("where there are no namespaces Landlock confines a worker to its root, and everyday work goes on", async () => {
  await using box = await Box.create();
  await box.write("work/file", "before\n", 0o600);
  await box.write("outside", "secret\n");
  await using worker = new RawWorker(box, ["--backend=landlock"]);
  const read = await worker.request({ kind: "read", path: "file" });
  assert.equal(new TextDecoder().decode(read.payload), "before\n");
  const after = new TextEncoder().encode("after\n");
  assert.equal(await worker.outcome({ kind: "write", path: "file" }, after), "write");
  assert.equal(await worker.outcome({ kind: "write", path: "new/file" }, after), "write");
  assert.equal(await worker.outcome({ kind: "read", path: "../outside" }), "policy_denied");
  assert.equal(await worker.outcome({ kind: "shutdown" }), "pong");
  assert.equal(await worker.end(), 0, await worker.stderr);
  assert.equal(await box.read("work/file"), "after\n");
  assert.equal(((await Deno.stat(`${box.work}/file`)).mode ?? 0) & 0o777, 0o600);
});

for (const [signal, status] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  Deno.test(`${signal} ends the worker with status ${status}, whether or not a client is there`, async () => {
    for (const connects of [false, true]) {
      await using box = await Box.create();
      const { path, running } = await onSocket(box);
      using client = connects ? await Deno.connect({ transport: "unix", path }) : undefined;
      running.kill(signal);
      assert.equal((await running.status()).code, status);
      assert.equal(await client?.read(new Uint8Array(1)).catch(() => null) ?? null, null);
      assert.deepEqual(await box.list("private"), []);
      assert.deepEqual(await box.runDirectories(), []);
    }
  });
}

Deno.test("a policy in TOMBOLO_WORKER_POLICY adds to files and flags; a broken one is refused", async () => {
  await using box = await Box.create();
  for (const name of ["a", "b", "c"]) await box.write(`work/${name}/file`, "x");
  await box.write("policy.json", `{ "read": { "deny": ["work/b"] } }`);
  const flags = [`--policy=${box.root}/policy.json`, "--deny-read=c"];
  await using worker = new RawWorker(box, flags, {
    TOMBOLO_WORKER_POLICY: '{ "read": { "deny": ["a"] } }',
  });
  for (const path of ["a/file", "b/file", "c/file"]) {
    assert.equal(await worker.outcome({ kind: "read", path }), "policy_denied", path);
  }
  const { code, stderr } = await box.tombolo(["worker", "--stdio", `--root=${box.work}`], {
    env: { TOMBOLO_WORKER_POLICY: '{ "raed": {} }' },
  });
  assert.equal(code, 125);
  assert.match(stderr, /TOMBOLO_WORKER_POLICY:1.*raed/);
});

Deno.test("the second wall: nothing of the host is in the sandbox but the root, and no network", async () => {
  await using box = await Box.create();
  await box.write("work/a", "x");
  await using worker = new RawWorker(box, ["--deny-read=private", "--allow-env=CANARY"], {
    CANARY: "canary",
  });
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
  const inner = Array.from(Deno.readDirSync("/proc"), ({ name }) => name).filter((pid) => {
    try {
      const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
      return words[0]?.startsWith("/run/tombolo/") && words.includes("/run/tombolo/worker.js") &&
        Deno.readLinkSync(`/proc/${pid}/cwd`) === box.work;
    } catch {
      return false;
    }
  });
  assert.equal(inner.length, 1, inner.join(" "));
  const proc = `/proc/${inner[0]}`;
  const mounted = Deno.readTextFileSync(`${proc}/mountinfo`).trim().split("\n").map((line) =>
    line.split(" ")[4]
  );
  const own = /^\/(?:$|dev|proc|run|tmp$)/;
  assert.deepEqual(mounted.filter((path) => path !== undefined && !own.test(path)), [box.work]);
  const status = Deno.readTextFileSync(`${proc}/status`);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.match(status, /^Seccomp:\t2$/m);
  assert.match(status, /^CapEff:\t0+$/m);
  const words = Deno.readTextFileSync(`${proc}/cmdline`).split("\0");
  const permissions = words.filter((word) => /^--(?:allow|deny)-/.test(word));
  const denied = permissions.pop() ?? "";
  assert.deepEqual(permissions, [
    "--allow-read=.,/run/tombolo/worker.json",
    "--deny-read=./private",
    "--allow-write=.",
  ]);
  // What the host executes is among it.
  assert.match(denied, /^--deny-write=\.\/private,.*\.\/\.envrc/);
  assert.equal(Deno.readLinkSync(`${proc}/cwd`), box.work);
  assert.doesNotMatch(Deno.readTextFileSync(`${proc}/environ`), /canary/);
  assert.match(Deno.readTextFileSync(`${proc}/net/dev`), /lo:/);
  assert.equal(Deno.readTextFileSync(`${proc}/net/dev`).trim().split("\n").length, 3);
});

Deno.test("other sandboxes learn that a worker, which may change the tree, is alive", async () => {
  await using box = await Box.create();
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
  const state = `${box.home}/.local/state/tombolo`;
  {
    using beside = await LiveLock.take(state);
    assert.equal(beside.isAlone, false);
  }
  assert.equal(await worker.end(), 0);
  using after = await LiveLock.take(state);
  assert.equal(after.isAlone, true);
});

Deno.test("a root with a comma, a space and a quote in its name is served", async () => {
  await using box = await Box.create();
  const root = `${box.root}/a, "b" c`;
  await Deno.mkdir(root);
  await Deno.writeTextFile(`${root}/file`, "x");
  const request = '{"kind":"read","path":"file"}';
  const { code, stdout } = await box.tombolo(["worker", "--stdio", `--root=${root}`], {
    stdin: `\0\0\0${String.fromCharCode(request.length)}${request}`,
  });
  assert.equal(code, 0);
  assert.match(stdout, /"size":1,"truncated":false,"payload":1}x$/);
});

Deno.test("help says what there is", async () => {
  await using box = await Box.create();
  for (const command of ["worker", "mcp"]) {
    const outcome = await box.tombolo([command, "--help"]);
    assert.equal(outcome.code, 0);
    assert.match(outcome.stdout, /--root=DIR/);
    assert.deepEqual(said(outcome), []);
  }
});
