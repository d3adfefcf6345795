import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { assemble } from "../../lib/plan/seccomp/assemble.ts";
import { DATA, jumpIfEqual, load, mark, verdict } from "../../lib/plan/seccomp/statements.ts";
import { Sandbox } from "./sandbox.ts";

const arch = Deno.build.arch;
const LANDLOCK_CREATE_RULESET = 444;
const ALLOW = 0x7fff0000;
const ENOSYS = 0x00050026;

/** What a kernel without Landlock, or of an older version of it, answers. */
const WITHOUT_LANDLOCK = assemble([
  load(DATA.number),
  jumpIfEqual(LANDLOCK_CREATE_RULESET, "absent", "there"),
  mark("absent"),
  verdict(ENOSYS),
  mark("there"),
  verdict(ALLOW),
]);

function real(path: string): string {
  return Deno.realPathSync(path);
}

function loader(): string {
  return real(arch === "x86_64" ? "/lib64/ld-linux-x86-64.so.2" : "/lib/ld-linux-aarch64.so.1");
}

const SHELL = [real("/bin/sh"), loader()];

function execute(...paths: readonly string[]): { orders: string } {
  return { orders: JSON.stringify({ execute: paths }) };
}

Deno.test("orders to execute", async (t) => {
  await using sandbox = await Sandbox.create(seccompProgram({ arch, allowUnix: false }));
  const shell = (script: string) => ["sh", "-c", script];

  await t.step("only what is named is executed, of the command's own doing too", async () => {
    const script = "/bin/echo no; echo $?; echo builtin";
    const { code, stdout, stderr } = await sandbox.run(shell(script), execute(...SHELL));
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "126\nbuiltin\n" });
    assert.match(stderr, /echo: Permission denied/);
  });

  await t.step("a command that is not named is not started", async () => {
    const { code, stderr } = await sandbox.run(["cat"], execute(...SHELL));
    assert.deepEqual({ code, stderr }, {
      code: 126,
      stderr: "tombolo: cat: not executable (permission denied)\n",
    });
  });

  await t.step("a directory stands for all below it", async () => {
    const { stdout } = await sandbox.run(shell("/bin/echo yes"), execute(...SHELL, real("/usr/bin")));
    assert.equal(stdout, "yes\n");
  });

  await t.step("an empty list lets nothing be executed, stage2's own files neither", async () => {
    for (const command of [["true"], ["/run/tombolo/deno", "--version"]]) {
      const { code, stdout } = await sandbox.run(command, execute());
      assert.deepEqual({ code, stdout }, { code: 126, stdout: "" });
    }
  });

  await t.step("files are still moved and linked between directories", async () => {
    const mv = [real("/bin/mv"), real("/bin/ln")];
    const script = "mkdir a b && echo x >a/f && mv a/f b/f && ln b/f a/g && read -r x <a/g && echo $x; ls -d";
    const { stdout, stderr } = await sandbox.run(shell(script), execute(...SHELL, ...mv, real("/bin/mkdir")));
    assert.equal(stdout, "x\n", stderr);
    await Deno.remove(`${sandbox.work}/a`, { recursive: true });
    await Deno.remove(`${sandbox.work}/b`, { recursive: true });
  });

  await t.step("what is absent inside, or a link, is allowed nothing", async () => {
    await Deno.symlink("/usr/bin/true", `${sandbox.work}/link`);
    const paths = ["/absent", "/etc/passwd/x", "/run/work/link", ...SHELL];
    const { stdout } = await sandbox.run(shell("./link; echo $?"), execute(...paths));
    assert.equal(stdout, "126\n");
  });

  await t.step("where the kernel has no Landlock nothing runs: 125 and the remedy", async () => {
    const run = (orders: { orders?: string }) =>
      sandbox.run(["touch", "ran"], { ...orders, outerFilter: WITHOUT_LANDLOCK });
    const { code, stderr } = await run(execute("/usr/bin"));
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: Cannot limit which programs are run: [^\n]*Landlock[^\n]*\n$/);
    await assert.rejects(Deno.stat(`${sandbox.work}/ran`), Deno.errors.NotFound);
    assert.equal((await run({})).code, 0);
    await Deno.remove(`${sandbox.work}/ran`);
  });

  await t.step("orders that cannot be read are not carried out by halves: 125, nothing runs", async () => {
    const broken = ["", "[]", "null", '{"execute":"/"}', '{"execute":[1]}', '{"other":1}', '{"__proto__":1}'];
    for (const orders of broken) {
      const { code, stderr } = await sandbox.run(["touch", "ran"], { orders });
      assert.equal(code, 125, orders);
      assert.match(stderr, /^tombolo: [^\n]*\n$/, orders);
    }
    const env = { TOMBOLO_STAGE2_ORDERS: "/absent" };
    assert.equal((await sandbox.run(["touch", "ran"], { env })).code, 125);
    await assert.rejects(Deno.stat(`${sandbox.work}/ran`), Deno.errors.NotFound);
  });
});
