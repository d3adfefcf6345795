import assert from "node:assert/strict";
import { join } from "node:path";
import { Box, fixture } from "../system/tombolo.ts";
import { environmentOf } from "./raw_worker.ts";

const ROOT = join(import.meta.dirname ?? ".", "..", "..");

/** Runs `tombolo worker` with a program in the worker's place that checks nothing; returns what came of each line. */
async function withoutFirstWall(
  box: Box,
  flags: readonly string[],
  lines: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-P=tombolo", "--config", join(ROOT, "deno.json"), join(ROOT, "main.ts")]
      .concat(["worker", "--stdio", `--root=${box.work}`, ...flags]),
    cwd: box.root,
    clearEnv: true,
    env: {
      ...environmentOf(box),
      DENO_DIR: join(ROOT, ".cache", "deno"),
      TOMBOLO_ROOT: ROOT,
      TOMBOLO_STAGE2_JS: join(ROOT, ".cache", "stage2.js"),
      TOMBOLO_WORKER_JS: fixture(import.meta.dirname, "no_first_wall.js"),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n")));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  const said = new TextDecoder().decode(stdout).trim().split("\n");
  assert.equal(said.length, lines.length);
  return new Map(
    said.map((line, index) => [lines[index] ?? "", line.slice((lines[index] ?? "").length + 2)]),
  );
}

Deno.test("without the first wall the second one still shows nothing outside of the root, and no link leads there", async () => {
  await using box = await Box.create();
  await box.write("outside/secret", "canary");
  await box.write("work/inside", "open");
  await Deno.symlink("../outside/secret", `${box.work}/link`);
  await Deno.symlink("/etc", `${box.work}/etc`);
  await Deno.symlink("/proc/self/environ", `${box.work}/environ`);
  const refused = [
    `read ${box.root}/outside/secret`,
    `read ${box.work}/link`,
    `read ${box.work}/etc/passwd`,
    `read ${box.work}/environ`,
    "read /etc/passwd",
    "list /",
    `write ${box.root}/planted`,
    `write ${box.work}/../planted`,
    "run /bin/sh",
    "connect 127.0.0.1",
    "env HOME",
  ];
  const outcomes = await withoutFirstWall(box, [], [...refused, `read ${box.work}/inside`]);
  for (const line of refused) assert.match(outcomes.get(line) ?? "", /^(?:NotFound|NotCapable)$/, line);
  assert.equal(outcomes.get(`read ${box.work}/inside`), "open");
  assert.deepEqual(await box.list("outside"), ["secret"]);
  assert.equal(await box.exists("planted"), false);
});

Deno.test("without the first wall the second one still holds what the policy denies inside the root", async () => {
  await using box = await Box.create();
  await box.host(["git", "init", "-q", "."]);
  for (const path of ["private/a", "fixed/a", "keys/a.key", "free/a"]) {
    await box.write(`work/${path}`, "canary");
  }
  // Links to what is denied: the runtime does not look where they lead, the mounts do.
  for (const name of ["private", "fixed", "keys"]) await Deno.symlink(name, `${box.work}/to-${name}`);
  const flags = ["--deny-read=private,**/*.key", "--deny-write=fixed"];
  const at = (path: string) => `${box.work}/${path}`;
  const refused = [
    `read ${at("private/a")}`,
    `read ${at("to-private/a")}`,
    `read ${at("keys/a.key")}`,
    `read ${at("to-keys/a.key")}`,
    `write ${at("fixed/a")}`,
    `write ${at("to-fixed/a")}`,
    `write ${at("to-fixed/new")}`,
    `write ${at(".git/config")}`,
    `write ${at(".git/hooks/pre-commit")}`,
    `rename ${at("private")}`,
    `rename ${at("fixed")}`,
    `rename ${at(".git")}`,
    `remove ${at("to-fixed/a")}`,
  ];
  const outcomes = await withoutFirstWall(box, flags, [...refused, `write ${at("free/a")}`]);
  for (const line of refused) {
    const outcome = outcomes.get(line) ?? "";
    assert.doesNotMatch(outcome, /canary|done/, line);
  }
  assert.equal(outcomes.get(`write ${at("free/a")}`), "done");
  for (const path of ["private/a", "fixed/a", "keys/a.key"]) {
    assert.equal(await box.read(`work/${path}`), "canary", path);
  }
  assert.equal(await box.exists("work/fixed/new"), false);
  assert.doesNotMatch(await box.read("work/.git/config") ?? "", /planted/);
});
