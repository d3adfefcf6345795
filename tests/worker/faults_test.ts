import assert from "node:assert/strict";
import { WorkerFileSystem } from "../../lib/worker/worker_file_system.ts";
import { Box } from "../system/tombolo.ts";
import { RawWorker } from "./raw_worker.ts";
import { spawnIn } from "./spawned.ts";

// The faults of the reference worker (behaviour, section 1) that no other test is about.

Deno.test("reads obey the read rules: by flag, by policy file, by protection", async () => {
  await using box = await Box.create();
  for (const path of ["secret/key", "open/key", "by-file/key"]) await box.write(`work/${path}`, "canary");
  await box.write("policy.json", `{ "read": { "deny": ["${box.work}/by-file"] } }`);
  await using worker = new RawWorker(box, ["--deny-read=secret", `--policy=${box.root}/policy.json`]);
  for (const path of ["secret/key", "by-file/key"]) {
    const { fields } = await worker.request({ kind: "read", path });
    assert.equal(fields["code"], "policy_denied", path);
    for (const kind of ["stat", "list"]) assert.equal(await worker.outcome({ kind, path }), "policy_denied");
    assert.equal(await worker.outcome({ kind: "rename", path, to: "open/moved" }), "policy_denied", path);
  }
  const denied = await worker.request({ kind: "read", path: "secret/key" });
  assert.deepEqual(denied.fields["rule"], { text: "secret", origin: "--deny-read" });
  const { fields } = await worker.request({ kind: "grep", pattern: "canary" });
  assert.deepEqual(fields["matches"], [{ path: "open/key", line: 1, text: "canary" }]);
  const { fields: listed } = await worker.request({ kind: "list", path: "." });
  assert.deepEqual((listed["entries"] as { name: string }[]).map(({ name }) => name), ["open"]);
});

Deno.test("secrets of the home directory stay secret where the home directory is the root", async () => {
  await using box = await Box.create();
  await box.write("home/.ssh/id_rsa", "canary");
  await box.write("home/notes", "open");
  await using worker = await spawnIn(box, { root: box.home, flags: ["--allow-write=."] });
  const files = new WorkerFileSystem(worker);
  await assert.rejects(files.readAll(".ssh/id_rsa"), { code: "policy_denied" });
  await assert.rejects(files.write(".ssh/authorized_keys", "x"), { code: "policy_denied" });
  await assert.rejects(files.rename(".ssh", "ssh"), { code: "policy_denied" });
  assert.deepEqual((await files.grep("canary")).matches, []);
  assert.equal(new TextDecoder().decode(await files.readAll("notes")), "open");
});

Deno.test("writes obey the write rules and the protections, also for what does not exist yet", async () => {
  await using box = await Box.create();
  await box.host(["git", "init", "-q", "."]);
  await box.write("work/dist/file", "x");
  await using worker = new RawWorker(box, ["--deny-write=dist,later"]);
  const write = (path: string) => worker.outcome({ kind: "write", path }, new Uint8Array(1));
  for (
    const path of [
      "dist/file",
      "dist/new/file",
      "later/file",
      "later",
      "missing/../later/file",
      ".git/config",
    ]
  ) {
    assert.equal(await write(path), "policy_denied", path);
  }
  assert.equal(await worker.outcome({ kind: "make_dir", path: "later" }), "policy_denied");
  assert.equal(await worker.outcome({ kind: "rename", path: "dist", to: "moved" }), "policy_denied");
  assert.equal(await write("missing/../fine"), "write");
  assert.equal(await write(".git/info/new"), "write");
  assert.equal(await worker.end(), 0);
  assert.equal(await box.read("work/dist/file"), "x");
});

Deno.test("a deny rule with a pattern holds for what is there, for what comes, and for the directories that hold it", async () => {
  await using box = await Box.create();
  await box.write("work/a/b/x.key", "canary");
  await box.write("work/a/b/x.txt", "open");
  await box.write("work/plain/x.txt", "open");
  await using worker = new RawWorker(box, ["--deny-read=**/*.key", "--deny-write=gen/*.ts"]);
  assert.equal(await worker.outcome({ kind: "read", path: "a/b/x.key" }), "policy_denied");
  assert.equal(
    await worker.outcome({ kind: "write", path: "plain/new.key" }, new Uint8Array(1)),
    "policy_denied",
  );
  assert.equal(
    await worker.outcome({ kind: "write", path: "gen/new.ts" }, new Uint8Array(1)),
    "policy_denied",
  );
  assert.equal(await worker.outcome({ kind: "write", path: "gen/new.js" }, new Uint8Array(1)), "write");
  assert.equal(await worker.outcome({ kind: "rename", path: "a", to: "moved" }), "policy_denied");
  assert.equal(await worker.outcome({ kind: "rename", path: "plain", to: "moved" }), "ok");
  assert.equal(
    await worker.outcome({ kind: "rename", path: "moved/x.txt", to: "moved/x.key" }),
    "policy_denied",
  );
  assert.deepEqual((await worker.request({ kind: "grep", pattern: "canary" })).fields["matches"], []);
  assert.deepEqual((await worker.request({ kind: "glob", pattern: "**/x.*" })).fields["paths"], [
    "a/b/x.txt",
    "moved/x.txt",
  ]);
});

Deno.test("a root below a pattern that would lose its meaning there is refused", async () => {
  await using box = await Box.create();
  await box.write("work/deep/er/x.key", "canary");
  const flags = ["--stdio", `--root=${box.work}/deep/er`, "--preset=none"];
  const pattern = `--deny-read=${box.root}/**/*.key`;
  const refused = await box.tombolo(["worker", ...flags, `--allow-read=${box.root}`, pattern]);
  assert.equal(refused.code, 125);
  assert.match(refused.stderr, /starts above it/);
  const served = await box.tombolo(["worker", ...flags, `--allow-read=${box.work}/deep/er`, pattern]);
  assert.equal(served.code, 0, served.stderr);
});

Deno.test("hooks and configuration are not planted in a repository that comes to be after the start", async () => {
  await using box = await Box.create();
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "make_dir", path: "new/.git" }), "ok");
  const write = (path: string) => worker.outcome({ kind: "write", path }, new Uint8Array(1));
  for (const path of ["new/.git/hooks/pre-commit", "new/.git/config", "other/.git", "other/.git/config"]) {
    assert.equal(await write(path), "policy_denied", path);
  }
  assert.equal(await worker.outcome({ kind: "make_dir", path: "new/.git/hooks" }), "policy_denied");
  for (const path of ["new/.git/modules/a/b/hooks/x", "new/.git/worktrees/w/commondir"]) {
    assert.equal(await write(path), "policy_denied", path);
  }
  assert.equal(await write("prepared/hooks/pre-commit"), "write");
  assert.equal(await worker.outcome({ kind: "make_dir", path: "third" }), "ok");
  for (const to of ["third/.git", "new/.git/modules", "new/.git/worktrees"]) {
    assert.equal(await worker.outcome({ kind: "rename", path: "prepared", to }), "policy_denied", to);
  }
  assert.equal(await write("new/.git/HEAD"), "write");
  assert.equal(await worker.end(), 0);
});

Deno.test("a root that may only be read is only read", async () => {
  await using box = await Box.create();
  await box.write("work/a", "x");
  await using worker = new RawWorker(box, ["--preset=read-only"]);
  assert.equal(await worker.outcome({ kind: "read", path: "a" }), "read");
  assert.equal(await worker.outcome({ kind: "write", path: "a" }, new Uint8Array(1)), "policy_denied");
  assert.equal(await worker.outcome({ kind: "remove", path: "a" }), "policy_denied");
});

Deno.test("a root that may not be read is refused, with the flag that would allow it", async () => {
  await using box = await Box.create();
  const { code, stderr } = await box.tombolo(["worker", "--stdio", `--root=${box.work}`, "--preset=none"]);
  assert.equal(code, 125);
  assert.match(stderr, /--allow-read=/);
});

Deno.test("what a deny rule above the root hides stays hidden in it, also where the rule names a link", async () => {
  await using box = await Box.create();
  await box.write("real/project/a", "x");
  await Deno.symlink("real", `${box.root}/link`);
  for (const deny of ["real", "link"]) {
    const flags = [
      `--root=${box.root}/real/project`,
      "--preset=none",
      `--allow-read=${box.root}`,
      `--deny-read=${box.root}/${deny}`,
    ];
    assert.equal((await box.tombolo(["worker", "--stdio", ...flags])).code, 125, deny);
    assert.equal((await box.tombolo(["worker", "--stdio", ...flags.slice(0, 3)])).code, 0, deny);
  }
});

Deno.test("an answer that would be too large is an error, and the next request works", async () => {
  await using box = await Box.create();
  const make = `for i in $(seq 1 6000); do : >"$1/$(printf '%0200d' $i)"; done`;
  assert.equal((await box.host(["sh", "-c", make, "sh", box.work])).code, 0);
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "list", path: "." }), "too_large");
  const { fields } = await worker.request({ kind: "glob", pattern: "*" });
  assert.equal(fields["truncated"], true);
  assert.ok((fields["paths"] as string[]).length > 4000);
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
});

Deno.test("a name that is not UTF-8 disturbs nothing", async () => {
  await using box = await Box.create();
  const script =
    `import os; os.mkdir(b"${box.work}/d\\xff"); open(b"${box.work}/d\\xff/f", "w").write("needle")
open(b"${box.work}/f\\xfe", "w").write("needle"); open("${box.work}/ok", "w").write("needle")`;
  assert.equal((await box.host(["python3", "-c", script])).code, 0);
  await using worker = new RawWorker(box);
  for (const kind of ["list", "stat"]) assert.equal(await worker.outcome({ kind, path: "." }), kind);
  assert.equal(await worker.outcome({ kind: "glob", pattern: "**" }), "glob");
  const { fields } = await worker.request({ kind: "grep", pattern: "needle" });
  assert.deepEqual(fields["matches"], [{ path: "ok", line: 1, text: "needle" }]);
});

Deno.test("links chain and point at each other within the root, as far as the kernel would go", async () => {
  await using box = await Box.create();
  await box.write("work/a/file", "x");
  await Deno.symlink(`${box.work}/a`, `${box.work}/b`);
  await Deno.symlink("b/../b", `${box.work}/c`);
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "read", path: "c/file" }), "read");
  assert.equal(await worker.outcome({ kind: "write", path: "c/new/x" }, new Uint8Array(1)), "write");
  assert.deepEqual(await box.list("work/a/new"), ["x"]);
});
