import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../bin/run_deno.ts";
import { Box } from "../system/tombolo.ts";
import { CHECKS } from "./installed.ts";

async function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args], cwd }).output();
  if (!success) throw new Error(`Cannot run ${command}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout).trim();
}

async function npmIsHere(): Promise<boolean> {
  const script = "npm ping --fetch-retries=0 --fetch-timeout=5000";
  return await new Deno.Command("sh", { args: ["-c", script] }).output().then(({ success }) => success);
}

const NEEDS = "(needs npm and its registry)";
const ignore = !await npmIsHere();
/** Where an administrator has installed the package for everyone. */
const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });
const installed = join(directory, "lib", "node_modules", ".bin", "tombolo");

Deno.test.beforeAll(async () => {
  await Deno.chmod(directory, 0o755);
  if (ignore) return;
  await run(Deno.execPath(), ["task", "npm", join(directory, "package")], ROOT);
  const archive = await run("npm", ["pack", "--silent", "./package"], directory);
  await Deno.mkdir(join(directory, "lib"));
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save"];
  await run("npm", ["install", ...flags, "--prefix", "lib", `./${archive}`], directory);
  await run("chmod", ["-R", "a+rX,a-w", "lib"], directory);
});

Deno.test.afterAll(async () => {
  await run("chmod", ["-R", "u+w", directory], "/");
  await Deno.remove(directory, { recursive: true });
});

for (const { name, check } of CHECKS) {
  Deno.test({
    name: `the npm package, installed read-only, ${name} ${NEEDS}`,
    ignore,
    async fn() {
      await using box = await Box.create({ ordinaryUser: true });
      await check({ box, words: [installed], env: {} });
    },
  });
}

Deno.test({
  name:
    `npx starts the package of the work tree, where no sandbox can change what the next start runs ${NEEDS}`,
  ignore,
  async fn() {
    await using box = await Box.create();
    await run("cp", ["-R", join(directory, "lib", "node_modules"), box.work], "/");
    await run("chmod", ["-R", "u+w", box.work], "/");
    await box.write("work/package.json", "{}");
    const npx = (script: string) => box.host(["npx", "--no", "tombolo", "run", "--", "sh", "-c", script]);
    const { stdout, stderr } = await npx("echo hi; touch made");
    assert.equal(stdout, "hi\n", stderr);
    assert.ok(await box.exists("work/made"));
    const planted = `printf '#!/bin/sh\\necho planted\\n'`;
    const attack = `
      rm node_modules/.bin/tombolo; ${planted} >node_modules/.bin/tombolo
      mkdir -p node_modules/@deno/a node_modules/@tombolo/node_modules/@deno/a
      for at in node_modules/@deno/a node_modules/@tombolo/node_modules/@deno/a; do
        ${planted} >$at/deno; chmod 755 $at/deno
      done
      mv node_modules moved; mkdir node_modules; :`;
    await npx(attack);
    assert.equal((await npx("echo hi")).stdout, "hi\n");
    assert.equal(await box.exists("work/node_modules/@deno/a"), false);
  },
});

Deno.test({
  name: `a package without the Deno of this platform says so in one line ${NEEDS}`,
  ignore,
  async fn() {
    await using box = await Box.create();
    await run("cp", [
      "-R",
      join(directory, "lib", "node_modules", "@tombolo", "tombolo"),
      join(box.work, "t"),
    ], "/");
    const { code, stdout, stderr } = await box.host([join(box.work, "t", "tombolo"), "run", "--", "true"]);
    assert.equal(code, 125);
    assert.equal(stdout, "");
    assert.match(stderr, /^tombolo: Cannot find Deno: [^\n]*\n$/);
  },
});
