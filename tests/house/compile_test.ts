import assert from "node:assert/strict";
import { join } from "node:path";
import { makeBundle } from "../../bin/make_bundle.ts";
import { packDeno } from "../../bin/pack_deno.ts";
import { permissionFlags, toolPermissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { TARGETS } from "../../bin/targets.ts";
import { Box } from "../system/tombolo.ts";
import { CHECKS } from "./installed.ts";

const native = TARGETS.find(({ triple }) => triple === Deno.build.target);

/** `deno compile` needs denort: DENORT_BIN names it, or Deno downloads it. What is made of a whole `deno` is a `deno`. */
async function denortIsHere(): Promise<boolean> {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-house." });
  try {
    const source = join(directory, "hello.js");
    const program = join(directory, "hello");
    await Deno.writeTextFile(source, 'console.log("hello");');
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["compile", "--quiet", "--no-config", "--output", program, source],
      signal: AbortSignal.timeout(60_000),
      stderr: "null",
    }).output();
    if (!success) return false;
    const { stdout } = await new Deno.Command(program, { stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout) === "hello\n";
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

const ignore = native === undefined || !await denortIsHere();
const directory = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });

Deno.test.beforeAll(async () => {
  await Deno.chmod(directory, 0o755);
  if (ignore) return;
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "compile", `--output=${directory}`],
    cwd: ROOT,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  await Deno.chmod(directory, 0o555);
});

Deno.test.afterAll(async () => {
  await Deno.chmod(directory, 0o755);
  await Deno.remove(directory, { recursive: true });
});

for (const { name, check } of CHECKS) {
  Deno.test({
    name: `a binary in a read-only directory ${name} (needs denort, by download or DENORT_BIN)`,
    ignore,
    async fn() {
      await using box = await Box.create({ ordinaryUser: true });
      await check({ box, words: [join(directory, `tombolo-${native?.name}`)], env: {} });
    },
  });
}

Deno.test({
  name: "a binary's checksum stands beside it (needs denort, by download or DENORT_BIN)",
  ignore,
  async fn() {
    const { success } = await new Deno.Command("sha256sum", { args: ["-c", "SHA256SUMS"], cwd: directory })
      .output();
    assert.ok(success);
  },
});

// What a binary has beside its runtime, which reads nothing of it until a start: here a whole Deno runs that.
const AS_IF_COMPILED = `
Object.defineProperty(Deno, "build", { value: { ...Deno.build, standalone: true } });
await import("./tombolo.js");
`;

Deno.test("what a binary holds: a Deno, unpacked once and checked, runs stage2 and the worker", async (t) => {
  const tool = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });
  try {
    const sha256 = await packDeno(Deno.execPath(), join(tool, "deno.gz"));
    await makeBundle(join(tool, "tombolo.js"), { file: "./deno.gz", sha256 });
    await Deno.writeTextFile(join(tool, "main.js"), AS_IF_COMPILED);
    await Deno.chmod(tool, 0o755);
    const flags = permissionFlags(await toolPermissions(ROOT));
    const words = [Deno.execPath(), "run", "--quiet", "--no-config", ...flags, join(tool, "main.js")];
    await using box = await Box.create({ ordinaryUser: true });
    // All but starting itself again, which a Deno cannot do as a binary does.
    for (const { name, check } of CHECKS.filter(({ startsAgain }) => startsAgain !== true)) {
      await t.step(name, () => check({ box, words, env: { DENO_DIR: `${box.home}/deno` } }));
    }
    const unpacked = await box.list("home/.local/state/tombolo/programs");
    assert.ok(unpacked.includes(sha256));
    const { stdout } = await box.host([
      "sha256sum",
      `${box.home}/.local/state/tombolo/programs/${sha256}/deno`,
    ]);
    assert.ok(stdout.startsWith(sha256));
  } finally {
    await Deno.remove(tool, { recursive: true });
  }
});

Deno.test("deno task compile says which platforms there are where it does not know one", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "compile", `--output=${directory}/other`, "--target=linux-x64,plan9-mips"],
    cwd: ROOT,
  }).output();
  assert.equal(code, 1);
  assert.match(
    new TextDecoder().decode(stderr),
    /^Cannot compile: there is no platform plan9-mips: expected all, or some of linux-x64, linux-arm64, [^\n]*\n$/,
  );
});
