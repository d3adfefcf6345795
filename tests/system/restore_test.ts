import assert from "node:assert/strict";
import { setAside } from "./repositories.ts";
import { Box } from "./tombolo.ts";

Deno.test("tombolo restore lists what was set aside and puts it back where it was", async () => {
  await using box = await Box.create();
  const outcome = await box.shell([], "mkdir .vscode && echo text > .vscode/tasks.json && echo x > .envrc");
  assert.deepEqual(setAside(box, outcome), ["work/.envrc", "work/.vscode"]);
  const listed = await box.tombolo(["restore", "--list", "--json"]);
  const things = JSON.parse(listed.stdout) as { name: string; from: string; reason: string; time: string }[];
  assert.deepEqual(things.map(({ from }) => from).sort(), [`${box.work}/.envrc`, `${box.work}/.vscode`]);
  assert.equal((await box.tombolo(["restore"])).stdout.trimEnd().split("\n").length, 2);

  const name = things.find(({ from }) => from.endsWith(".vscode"))?.name ?? "";
  assert.deepEqual(await box.tombolo(["restore", name]), {
    code: 0,
    signal: null,
    stdout: `restored ${box.work}/.vscode\n`,
    stderr: "",
  });
  assert.equal(await box.read("work/.vscode/tasks.json"), "text\n");
  assert.equal((await box.tombolo(["restore", ".envrc"])).code, 0);
  assert.equal(await box.read("work/.envrc"), "x\n");
  assert.equal((await box.tombolo(["restore"])).stdout, "nothing is set aside\n");
});

Deno.test("tombolo restore says in one line what it cannot do, with status 125, and does the rest", async () => {
  await using box = await Box.create();
  await box.shell([], "echo one > .envrc; echo m > .mcp.json");
  await box.write("work/.envrc", "kept");
  const outcome = await box.tombolo(["restore", ".envrc", "nowhere", ".mcp.json"]);
  assert.equal(outcome.code, 125);
  assert.match(
    outcome.stderr,
    /^tombolo: Cannot restore [^\n]*something stands at[^\n]*\ntombolo: Cannot restore "nowhere"[^\n]*\n$/,
  );
  assert.equal(await box.read("work/.envrc"), "kept");
  assert.equal(await box.read("work/.mcp.json"), "m\n");
  await box.shell(["--deny-write=other"], "echo two > other");
  await box.shell(["--deny-write=other"], "echo three > other");
  const twice = await box.tombolo(["restore", "other"]);
  assert.equal(twice.code, 125);
  assert.match(twice.stderr, /it was set aside 2 times; name one of \S+\/\d+, \S+\/\d+\n$/);
  assert.equal((await box.tombolo(["restore", "--bad"])).code, 125);
  assert.equal((await box.tombolo(["restore", "--list", "x"])).code, 125);
});

Deno.test("no placeholder is left in the tree, by one run or by eight, also where all is protected (fault 14)", async () => {
  await using box = await Box.create();
  await box.write("work/file", "x");
  const flags = ["--deny-read=secret", "--deny-write=dist/keys"];
  const runs = Array.from(
    { length: 8 },
    () => box.run(flags, ["sh", "-c", "ls -A; test ! -e .vscode && test ! -e dist"]),
  );
  for (const { code, stdout, stderr } of await Promise.all(runs)) {
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "file\n");
  }
  assert.deepEqual(await box.list("work"), ["file"]);
  assert.deepEqual(await box.list("home"), [".local"]);
});
