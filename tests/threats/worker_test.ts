import assert from "node:assert/strict";
import { Box, isRoot } from "../system/tombolo.ts";
import { RawWorker } from "../worker/raw_worker.ts";

const text = new TextEncoder();

function frame(length: number, body: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof body === "string" ? text.encode(body) : body;
  const whole = new Uint8Array(4 + bytes.length);
  new DataView(whole.buffer).setUint32(0, length);
  whole.set(bytes, 4);
  return whole;
}

const whole = (body: Uint8Array | string) =>
  frame(typeof body === "string" ? text.encode(body).length : body.length, body);

Deno.test("W1 a malformed frame is answered with an error, and the next request works", async () => {
  await using box = await Box.create();
  await box.write("work/a.txt", "kept");
  await using worker = new RawWorker(box);
  const broken: Readonly<Record<string, Uint8Array>> = {
    zero: frame(0),
    "not JSON": whole("{kind:ping}"),
    "half of JSON": whole('{"kind":"ping"'),
    "not UTF-8": whole(new Uint8Array([0x22, 0xff, 0xfe, 0x22])),
    "an array": whole("[]"),
    "a number": whole("7"),
    null: whole("null"),
    "no kind": whole("{}"),
    "an unknown kind": whole('{"kind":"exec"}'),
    "a kind of the prototype": whole('{"kind":"__proto__"}'),
    "a kind of another type": whole('{"kind":["ping"]}'),
    "an unknown field": whole('{"kind":"read","path":"a.txt","follow":true}'),
    "a missing field": whole('{"kind":"read"}'),
    "a path of another type": whole('{"kind":"read","path":["a.txt"]}'),
    "a negative offset": whole('{"kind":"read","path":"a.txt","offset":-1}'),
    "half an offset": whole('{"kind":"read","path":"a.txt","offset":0.5}'),
    "more than may be asked for": whole('{"kind":"read","path":"a.txt","max_bytes":1e12}'),
    "a negative payload": whole('{"kind":"write","path":"b","payload":-1}'),
    "a payload that is text": whole('{"kind":"write","path":"b","payload":"1"}'),
    "no payload": whole('{"kind":"write","path":"b"}'),
    "a payload for what has none": new Uint8Array([...whole('{"kind":"ping","payload":3}'), 1, 2, 3]),
    "a frame above 1 MiB": frame(1024 * 1024 + 1, new Uint8Array(1024 * 1024 + 1)),
    "JSON that is nested deeply": whole("[".repeat(200_000)),
  };
  for (const [name, bytes] of Object.entries(broken)) {
    await worker.send(bytes);
    assert.equal((await worker.answer()).fields["code"], "protocol", name);
    const { payload } = await worker.request({ kind: "read", path: "a.txt" });
    assert.equal(new TextDecoder().decode(payload), "kept", name);
  }
  assert.deepEqual(await box.list("work"), ["a.txt"]);
  assert.equal(await worker.end(), 0);
});

Deno.test("W1 a payload above 64 MiB is refused, passed over, and the next request works", async () => {
  await using box = await Box.create();
  await using worker = new RawWorker(box);
  const length = 64 * 1024 * 1024 + 1;
  await worker.send(whole(`{"kind":"write","path":"b","payload":${length}}`));
  await worker.send(new Uint8Array(length));
  assert.equal((await worker.answer()).fields["code"], "too_large");
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("W1 a length that looks negative is answered at once, and nothing is allocated for it", async () => {
  await using box = await Box.create();
  await using worker = new RawWorker(box);
  await worker.send(frame(0xffffffff));
  assert.equal((await worker.answer()).fields["code"], "protocol");
  assert.equal(await worker.end(), 1);
});

for (const [name, bytes] of [["a length", frame(9).subarray(0, 3)], ["a frame", frame(9, '{"ki')]] as const) {
  Deno.test(`W1 input that ends inside ${name} is an error, input that ends before one is not`, async () => {
    await using box = await Box.create();
    await using worker = new RawWorker(box);
    assert.equal(await worker.outcome({ kind: "ping" }), "pong");
    await worker.send(bytes);
    const status = worker.end();
    assert.equal((await worker.answer()).fields["code"], "protocol");
    assert.equal(await status, 1);
    await using other = new RawWorker(box);
    assert.equal(await other.outcome({ kind: "ping" }), "pong");
    assert.equal(await other.end(), 0);
  });
}

/** A work tree with links of every kind, and a canary beside it. */
async function linkedTree(): Promise<Box> {
  const box = await Box.create();
  await box.write("outside/secret", "canary");
  await box.write("work/real/file", "inside");
  const links: Readonly<Record<string, string>> = {
    relative: "../outside/secret",
    absolute: `${box.root}/outside/secret`,
    directory: "../outside",
    "through-missing": "missing/../../outside/secret",
    "up-and-down": "real/../../outside/secret",
    environ: "/proc/self/environ",
    "root-of-proc": "/proc/self/root",
    "stdin-of-proc": "/proc/self/fd/0",
    device: "/dev/null",
    cycle: "cycle",
    "cycle-a": "cycle-b",
    "cycle-b": "cycle-a",
    dangling: "nowhere",
    "dangling-outside": "../outside/planted",
    good: "real/file",
    "good-absolute": `${box.work}/real/file`,
    "good-up": "real/../real/./file",
  };
  for (const [name, target] of Object.entries(links)) await Deno.symlink(target, `${box.work}/${name}`);
  let target = "real/file";
  for (let link = 1; link <= 50; link++) {
    await Deno.symlink(target, `${box.work}/chain${link}`);
    target = `chain${link}`;
  }
  return box;
}

Deno.test("W2 no path leads out of the root: dots, absolute paths, links, links into /proc", async () => {
  await using box = await linkedTree();
  await using worker = new RawWorker(box);
  const outside = [
    "../outside/secret",
    "real/../../outside/secret",
    "missing/../../outside/secret",
    "missing/deeper/../../../outside/secret",
    "./././../outside/secret",
    `${box.root}/outside/secret`,
    `${box.work}/../outside/secret`,
    `${box.work}x`,
    "/etc/passwd",
    "/proc/self/environ",
    "/",
    "..",
    "relative",
    "absolute",
    "directory",
    "directory/secret",
    "through-missing",
    "up-and-down",
    "environ",
    "root-of-proc",
    "root-of-proc/etc/passwd",
    "stdin-of-proc",
    "device",
    "dangling-outside",
  ];
  for (const path of outside) {
    for (const kind of ["read", "list", "make_dir"]) {
      assert.equal(await worker.outcome({ kind, path }), "policy_denied", `${kind} ${path}`);
    }
    assert.equal(await worker.outcome({ kind: "write", path }, text.encode("x")), "policy_denied", path);
    const edit = { kind: "edit", path, old_string: "canary", new_string: "x" };
    assert.equal(await worker.outcome(edit), "policy_denied", path);
    for (const kind of ["glob", "grep"]) {
      assert.equal(await worker.outcome({ kind, root: path, pattern: "canary" }), "policy_denied", path);
    }
    assert.equal(
      await worker.outcome({ kind: "rename", path: "real", to: `${path}/x` }),
      "policy_denied",
      path,
    );
  }
  assert.deepEqual(await box.list("outside"), ["secret"]);
  assert.equal(await box.read("outside/secret"), "canary");
  const { fields } = await worker.request({ kind: "grep", pattern: "canary" });
  assert.deepEqual(fields["matches"], []);
});

Deno.test("W2 links inside the root are followed, 40 of them at most, and what leads nowhere is said", async () => {
  await using box = await linkedTree();
  await using worker = new RawWorker(box);
  for (const path of ["good", "good-absolute", "good-up", `${box.work}/good`, "missing/../real/file"]) {
    const { payload } = await worker.request({ kind: "read", path });
    assert.equal(new TextDecoder().decode(payload), "inside", path);
  }
  for (let link = 1; link <= 50; link++) {
    const wanted = link <= 40 ? "read" : "io";
    assert.equal(await worker.outcome({ kind: "read", path: `chain${link}` }), wanted, `chain of ${link}`);
  }
  for (const path of ["cycle", "cycle-a", "cycle/x"]) {
    assert.equal(await worker.outcome({ kind: "read", path }), "io", path);
  }
  assert.equal(await worker.outcome({ kind: "read", path: "dangling" }), "not_found");
  assert.equal(await worker.outcome({ kind: "write", path: "dangling" }, text.encode("now")), "write");
  assert.equal(await box.read("work/nowhere"), "now");
});

Deno.test("W2 a path with NUL, without characters, or that is not UTF-8 is refused in words", async () => {
  await using box = await Box.create();
  await using worker = new RawWorker(box);
  for (const path of ["a\0b", "", "\ud800"]) {
    const { fields } = await worker.request({ kind: "read", path });
    assert.equal(fields["code"], "protocol", JSON.stringify(path));
  }
  await new Deno.Command("python3", { args: ["-c", `open(b"${box.work}/bad\\xff", "w").write("x")`] })
    .output();
  const { fields } = await worker.request({ kind: "list", path: "." });
  assert.deepEqual(fields["entries"], [{ name: "bad\ufffd", kind: "file", size: 0 }]);
  assert.match(
    String((await worker.request({ kind: "read", path: "bad\ufffd" })).fields["message"]),
    /UTF-8/,
  );
});

Deno.test("W4 FIFOs, sockets and directories where a file is meant are refused, and nothing hangs", async () => {
  await using box = await Box.create();
  await box.host(["mkfifo", `${box.work}/fifo`]);
  await box.write("work/directory/file", "x");
  using _listener = Deno.listen({ transport: "unix", path: `${box.work}/socket` });
  await using worker = new RawWorker(box);
  for (const [path, wanted] of [["fifo", "io"], ["socket", "io"], ["directory", "is_a_directory"]] as const) {
    assert.equal(await worker.outcome({ kind: "read", path }), wanted, path);
    assert.equal(await worker.outcome({ kind: "write", path }, text.encode("x")), wanted, path);
    const edit = { kind: "edit", path, old_string: "a", new_string: "b" };
    assert.equal(await worker.outcome(edit), wanted, path);
  }
  assert.equal(await worker.outcome({ kind: "list", path: "directory/file" }), "not_a_directory");
  assert.equal(await worker.outcome({ kind: "read", path: "directory/file/x" }), "not_a_directory");
  const { fields } = await worker.request({ kind: "grep", pattern: "x" });
  assert.deepEqual(fields["matches"], [{ path: "directory/file", line: 1, text: "x" }]);
  for (const path of ["/dev/stdin", "/dev/null", "/dev/fd/0"]) {
    assert.equal(await worker.outcome({ kind: "read", path }), "policy_denied", path);
  }
});

Deno.test({
  name: `W4 a device in the root is refused${isRoot ? "" : " (needs root)"}`,
  ignore: !isRoot,
  async fn() {
    await using box = await Box.create();
    await box.host(["mknod", `${box.work}/zero`, "c", "1", "5"]);
    await using worker = new RawWorker(box);
    assert.equal(await worker.outcome({ kind: "read", path: "zero" }), "io");
    assert.equal(await worker.outcome({ kind: "write", path: "zero" }, text.encode("x")), "io");
  },
});

Deno.test("W4 of a sparse file of 10 GB a piece is read, and no more memory than that is taken", async () => {
  await using box = await Box.create();
  await box.host(["truncate", "-s", "10G", `${box.work}/sparse`]);
  await using worker = new RawWorker(box);
  const { fields, payload } = await worker.request({
    kind: "read",
    path: "sparse",
    offset: 9_999_999_999,
    max_bytes: 100,
  });
  assert.deepEqual(fields, { kind: "read", size: 10 * 1024 ** 3, truncated: true, payload: 100 });
  assert.deepEqual(payload, new Uint8Array(100));
  const all = await worker.request({ kind: "read", path: "sparse" });
  assert.equal(all.payload.length, 64 * 1024 * 1024);
  assert.equal(all.fields["truncated"], true);
  assert.equal(
    await worker.outcome({ kind: "edit", path: "sparse", old_string: "a", new_string: "b" }),
    "too_large",
  );
  assert.equal((await worker.request({ kind: "grep", pattern: "x" })).fields["truncated"], false);
});

Deno.test("W5 what a command in the same tree plants, the worker does not follow out of it", async () => {
  await using box = await Box.create();
  await box.write("outside/secret", "canary");
  await box.write("home/.ssh/id_rsa", "canary");
  await box.host(["git", "init", "-q", "."]);
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
  const script = `
    ln -s ../outside/secret file; ln -s ../outside dir; ln -s ${box.home}/.ssh ssh; ln -s /etc etc
    ln -s .git/hooks hooks; ln -s .git/config config; mkdir d; ln -s ../../outside d/up; ln -s / d/root`;
  assert.equal((await box.shell([], script)).code, 0);
  const out = [
    "file",
    "dir/secret",
    "ssh/id_rsa",
    "etc/passwd",
    "d/up/secret",
    `d/root${box.root}/outside/secret`,
  ];
  for (const path of out) {
    assert.equal(await worker.outcome({ kind: "read", path }), "policy_denied", path);
    assert.equal(await worker.outcome({ kind: "write", path }, text.encode("x")), "policy_denied", path);
  }
  for (
    const path of ["dir/new", "etc/new", "hooks/pre-commit", ".git/hooks/pre-commit", "config", ".git/config"]
  ) {
    assert.equal(await worker.outcome({ kind: "write", path }, text.encode("x")), "policy_denied", path);
  }
  for (const path of [".git", ".git/hooks", ".git/config"]) {
    assert.equal(await worker.outcome({ kind: "rename", path, to: "moved" }), "policy_denied", path);
    assert.equal(await worker.outcome({ kind: "remove", path }), "policy_denied", path);
  }
  assert.deepEqual(await box.list("outside"), ["secret"]);
  assert.deepEqual((await worker.request({ kind: "grep", pattern: "canary" })).fields["matches"], []);
  // A link itself may go: it is a name in the root.
  assert.equal(await worker.outcome({ kind: "remove", path: "ssh" }), "ok");
  assert.equal(await box.read("home/.ssh/id_rsa"), "canary");
});

Deno.test("W5 a hook that is planted where there was none does not stay", async () => {
  await using box = await Box.create();
  await box.host(["git", "init", "-q", "."]);
  await using worker = new RawWorker(box);
  assert.equal(await worker.outcome({ kind: "ping" }), "pong");
  assert.equal(
    await worker.outcome({ kind: "write", path: ".git/config.worktree" }, text.encode("x")),
    "policy_denied",
  );
  assert.equal(await worker.end(), 0);
  assert.equal(await box.exists("work/.git/config.worktree"), false);
});
