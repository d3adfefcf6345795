import assert from "node:assert/strict";
import { join } from "node:path";
import { Checkout, readStart } from "./checkout.ts";

const nowhere = "/nonexistent";

Deno.test("the first start sets up, and says so only on stderr", async () => {
  await using checkout = await Checkout.create();
  const first = await checkout.tombolo(["run", "--", "a b"]);
  const start = readStart(first);
  assert.deepEqual(start.args, ["run", "--", "a b"]);
  assert.match(start.stage2, /stage2/);
  assert.match(start.worker, /worker/);
  assert.match(first.stderr, /^tombolo: [^\n]*\n$/);
});

Deno.test("every later start needs no program but Deno and says nothing", async () => {
  await using checkout = await Checkout.create();
  readStart(await checkout.tombolo([]));
  const later = await checkout.tombolo(["x"], { path: nowhere });
  assert.deepEqual(readStart(later).args, ["x"]);
  assert.equal(later.stderr, "");
});

Deno.test("the tool runs with the permissions of deno.json and no others", async () => {
  await using checkout = await Checkout.create();
  const { permissions } = readStart(await checkout.tombolo([]));
  assert.deepEqual(permissions, { sh: "granted", run: "prompt", ffi: "prompt" });
});

Deno.test("a changed source is bundled again at the next start", async () => {
  await using checkout = await Checkout.create();
  readStart(await checkout.tombolo([]));
  await checkout.write("stage2/main.ts", `console.log("changed");\n`);
  assert.match(readStart(await checkout.tombolo([])).stage2, /changed/);
  await checkout.write("main.ts", `console.log("another tombolo");\n`);
  assert.equal((await checkout.tombolo([])).stdout, "another tombolo\n");
});

Deno.test("a source that does not parse is reported, and 125", async () => {
  await using checkout = await Checkout.create();
  await checkout.write("main.ts", "const = 1;\n");
  const { code, stdout, stderr } = await checkout.tombolo([]);
  assert.equal(code, 125);
  assert.equal(stdout, "");
  assert.match(stderr, /tombolo: Cannot build tombolo from .*\n$/);
});

Deno.test("the checkout is found through links, relative paths, PATH and CDPATH", async () => {
  await using checkout = await Checkout.create();
  const { home, root } = checkout;
  readStart(await checkout.tombolo([]));
  await Deno.symlink(join(root, "bin", "tombolo"), join(home, "link to tombolo"));
  await Deno.symlink("link to tombolo", join(home, "link to link"));
  await Deno.symlink(join(root, "bin"), join(home, "linked bin"));
  await Deno.mkdir(join(home, "else", "bin"), { recursive: true });
  const tools = join(home, "tools");
  const places: [command: string, args: string[], cwd: string, path?: string][] = [
    [join(home, "link to tombolo"), [], "/"],
    [join(home, "link to link"), [], "/"],
    [join(home, "linked bin", "tombolo"), [], "/"],
    [join(root, "stage2", "..", "bin", "tombolo"), [], "/"],
    ["/bin/sh", ["-c", "./bin/tombolo"], root],
    ["/bin/sh", ["-c", "bin/tombolo"], root],
    ["/bin/sh", ["-c", "./tombolo"], join(root, "bin")],
    ["/bin/sh", ["-c", "../bin/tombolo"], join(root, "stage2")],
    ["/bin/sh", ["-c", "tombolo"], "/", `${join(root, "bin")}:${tools}`],
    ["/bin/sh", ["tombolo"], join(root, "bin"), tools],
    ["/bin/sh", [join(root, "bin", "tombolo")], "/"],
  ];
  for (const [command, args, cwd, path = tools] of places) {
    const outcome = await checkout.run(command, args, { cwd, path, env: { CDPATH: join(home, "else") } });
    const start = readStart(outcome);
    assert.equal(start.cwd, cwd, command);
    assert.equal(outcome.stderr, "", `${command} ${args} set up again`);
  }
});

Deno.test("files in the caller's directory have no influence", async () => {
  await using checkout = await Checkout.create();
  const cwd = join(checkout.home, "hostile");
  await Deno.mkdir(join(cwd, "node_modules"), { recursive: true });
  const files: Record<string, string> = {
    "deno.json": `{ "broken`,
    "deno.jsonc": `{ "tasks": { "run": "false" }, "nodeModulesDir": "manual" }`,
    "deno.lock": "broken",
    "package.json": `{ "name": broken`,
    "tsconfig.json": "broken",
    ".npmrc": "registry=http://127.0.0.1:9/\n_auth=broken\n",
    ".env": "DENO_DIR=/nonexistent\n",
    "main.ts": `throw new Error("planted");`,
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(cwd, name), text);
  for (const _time of ["first", "later"]) {
    assert.equal(readStart(await checkout.tombolo([], { cwd })).cwd, cwd);
  }
});

Deno.test("files above the checkout have no influence", async () => {
  await using checkout = await Checkout.create();
  for (const name of ["deno.json", "package.json", ".npmrc", "deno.lock"]) {
    await Deno.writeTextFile(join(checkout.home, name), `{ "workspace": ["./check out"], broken`);
  }
  readStart(await checkout.tombolo([]));
});

Deno.test("the caller's DENO_DIR is kept apart from the tool's own", async () => {
  await using checkout = await Checkout.create();
  const own = join(checkout.root, ".cache", "compiled");
  const unset = readStart(await checkout.tombolo([], { env: { TOMBOLO_CALLER_DENO_DIR: "/stale" } }));
  assert.equal(unset.denoDir, own);
  assert.equal(unset.callerDenoDir, undefined);
  const set = readStart(await checkout.tombolo([], { env: { DENO_DIR: nowhere } }));
  assert.equal(set.denoDir, own);
  assert.equal(set.callerDenoDir, nowhere);
});

Deno.test("the tool learns where the checkout is and the caller's limit of open files", async () => {
  await using checkout = await Checkout.create();
  const tombolo = join(checkout.root, "bin", "tombolo");
  const outcome = await checkout.run("/bin/sh", ["-c", 'ulimit -S -n 321; exec "$1"', "sh", tombolo], {
    env: { TOMBOLO_ROOT: nowhere, TOMBOLO_NOFILE: "7" },
  });
  const { root, openFiles } = readStart(outcome);
  assert.equal(root, checkout.root);
  assert.equal(openFiles, "321");
});

Deno.test("with neither Deno nor npm: one line and 125", async () => {
  await using checkout = await Checkout.create();
  const path = await checkout.makePath("few", ["mkdir", "mktemp", "rm", "mv", "readlink"]);
  const { code, stdout, stderr } = await checkout.tombolo([], { path });
  assert.equal(code, 125);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    "tombolo: Cannot find Deno: neither Deno 2.9 (or a later 2.x) nor npm to fetch it with is on PATH\n",
  );
});

for (const version of ["2.8.9", "1.46.3", "3.0.0", "20.9.0", "nonsense"]) {
  Deno.test(`a deno on PATH that says ${version} is not used`, async () => {
    await using checkout = await Checkout.create();
    const path = await checkout.makePath("few", ["mkdir", "mktemp", "rm", "mv", "readlink"]);
    const deno = join(path, "deno");
    await Deno.writeTextFile(deno, `#!/bin/sh\necho "deno ${version} (stable)"\n`, { mode: 0o755 });
    assert.equal((await checkout.tombolo([], { path })).code, 125);
  });
}

Deno.test("several first starts at once all succeed and leave one set-up", async () => {
  await using checkout = await Checkout.create();
  const starts = await Promise.all([1, 2, 3, 4].map((n) => checkout.tombolo([`${n}`])));
  assert.deepEqual(starts.map((outcome) => readStart(outcome).args), [["1"], ["2"], ["3"], ["4"]]);
  const left = Array.from(Deno.readDirSync(join(checkout.root, ".cache")), ({ name }) => name);
  assert.deepEqual(left.sort(), [
    "compiled",
    "deno",
    "ready.sh",
    "stage2.js",
    "tombolo",
    "verify.js",
    "worker.js",
  ]);
});

/** A bubblewrap command line that shows this checkout read-only. */
const readOnly = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--"];

Deno.test("a checkout that is set up works read-only", async () => {
  await using checkout = await Checkout.create();
  readStart(await checkout.tombolo([]));
  const outcome = await checkout.run("/usr/bin/bwrap", [
    ...readOnly,
    join(checkout.root, "bin", "tombolo"),
    "x",
  ]);
  assert.deepEqual(readStart(outcome).args, ["x"]);
  assert.equal(outcome.stderr, "");
});

Deno.test("a read-only checkout that is not set up: one line and 125", async () => {
  await using checkout = await Checkout.create();
  const outcome = await checkout.run("/usr/bin/bwrap", [...readOnly, join(checkout.root, "bin", "tombolo")]);
  assert.equal(outcome.code, 125);
  assert.match(outcome.stderr, /^tombolo: Cannot set up .*: not writable; [^\n]*\n$/);
});
