import assert from "node:assert/strict";
import { join } from "node:path";
import { stage2Permissions } from "../../bin/permission_flags.ts";
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
  name:
    "a compiled stage2 stands beside a binary, with its own permissions (needs denort, by download or DENORT_BIN)",
  ignore,
  async fn() {
    const program = join(directory, `tombolo-stage2-${native?.name}`);
    const { stdout } = await new Deno.Command(program, { args: ["abi"] }).output();
    assert.match(new TextDecoder().decode(stdout), /^\{"abi":\d+/);
    const dial = await new Deno.Command(program, { args: ["dial", "1", "web.test", "22"], stdin: "null" })
      .output();
    assert.equal(dial.code, 1);
    const unknown = await new Deno.Command(program, { args: ["run", "x.js"] }).output();
    assert.equal(unknown.code, 125);
  },
});

Deno.test({
  name:
    "a binary runs a command where nothing of the host is shown (needs denort, by download or DENORT_BIN)",
  ignore,
  async fn() {
    await using box = await Box.create({ ordinaryUser: true });
    await box.write("work/static.c", "int main(void) { return 42; }\n");
    await box.host(["gcc", "-static", "-o", "static", "static.c"]);
    const words = [join(directory, `tombolo-${native?.name}`), "run", "--preset=none", "--allow-read=static"];
    const { code, stderr } = await box.host([...words, "--allow-net=web.test", "--", `${box.work}/static`]);
    assert.equal(code, 42, stderr);
  },
});

Deno.test({
  name: "a binary's checksum stands beside it (needs denort, by download or DENORT_BIN)",
  ignore,
  async fn() {
    const { success } = await new Deno.Command("sha256sum", { args: ["-c", "SHA256SUMS"], cwd: directory })
      .output();
    assert.ok(success);
  },
});

/** The end of a program of `deno compile`, which holds what was compiled into it. */
async function endOf(path: string): Promise<string> {
  using file = await Deno.open(path);
  await file.seek(-64 * 1024, Deno.SeekMode.End);
  return new TextDecoder("latin1").decode(await new Response(file.readable).bytes());
}

// A whole Deno takes what is compiled into it as well, and never looks at it.
Deno.test({
  name: "deno task compile makes two programs, and stage2 holds its own permissions alone (Linux)",
  ignore: Deno.build.os !== "linux" || native === undefined,
  async fn() {
    const output = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });
    try {
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["task", "--quiet", "compile", `--output=${output}`],
        cwd: ROOT,
        env: { DENORT_BIN: Deno.execPath() },
      }).output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
      const names = [`tombolo-${native?.name}`, `tombolo-stage2-${native?.name}`];
      const made = Array.from(Deno.readDirSync(output), ({ name }) => name).sort();
      assert.deepEqual(made, ["SHA256SUMS", ...names]);
      for (const name of names) {
        assert.match(new TextDecoder().decode(stdout), new RegExp(`^${name} .* MiB$`, "m"));
      }
      const end = await endOf(join(output, names[1] ?? ""));
      const { read, write, net } = await stage2Permissions(ROOT);
      for (const [name, list] of Object.entries({ env: [], ffi: [], read, write, net })) {
        assert.ok(end.includes(`"allow_${name}":${JSON.stringify(list)}`), name);
      }
      for (const name of ["run", "sys"]) assert.ok(end.includes(`"allow_${name}":null`), name);
      assert.match(end, /"prompt":false/);
      assert.match(end, /"--expose-gc"/);
    } finally {
      await Deno.remove(output, { recursive: true });
    }
  },
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
