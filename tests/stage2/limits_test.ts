import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { Sandbox } from "./sandbox.ts";

const filter = seccompProgram({ arch: Deno.build.arch, allowUnix: false });

function limits(values: Readonly<Record<string, unknown>>): { orders: string } {
  const entries = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === "number" ? { value, text: String(value), origin: "p.json:3" } : value,
  ]);
  return { orders: JSON.stringify({ limits: Object.fromEntries(entries) }) };
}

Deno.test("orders to limit", async (t) => {
  await using sandbox = await Sandbox.create(filter);
  const shell = (script: string) => ["sh", "-c", script];

  await t.step("soft and hard are the same, of cpu time the soft one is 5 s lower", async () => {
    const ordered = limits({ cpuTime: 60, memory: 2 ** 30, openFiles: 64, fileSize: 2 ** 20 });
    const { code, stdout } = await sandbox.run(["cat", "/proc/self/limits"], ordered);
    assert.equal(code, 0);
    assert.match(stdout, /^Max cpu time +60 +65 /m);
    assert.match(stdout, /^Max data size +1073741824 +1073741824 /m);
    assert.match(stdout, /^Max open files +64 +64 /m);
    assert.match(stdout, /^Max file size +1048576 +1048576 /m);
  });

  await t.step("what is not ordered is not limited", async () => {
    const { stdout } = await sandbox.run(["cat", "/proc/self/limits"], limits({ openFiles: 64 }));
    assert.match(stdout, /^Max cpu time +unlimited/m);
    assert.match(stdout, /^Max data size +unlimited/m);
    assert.match(stdout, /^Max file size +unlimited/m);
  });

  await t.step("with hardly any memory the command still starts, and what cannot start is said", async () => {
    assert.equal((await sandbox.run(shell("exit 7"), limits({ memory: 2 ** 20 }))).code, 7);
    const { code, stderr } = await sandbox.run(["absent"], limits({ memory: 2 ** 20 }));
    assert.deepEqual([code, stderr], [127, "tombolo: absent: not found\n"]);
  });

  await t.step("orders that are no limits start nothing", async () => {
    const bad: readonly unknown[] = [
      null,
      5,
      { wallTime: { value: 5, text: "5ms", origin: "x" } },
      { disk: { value: 5, text: "5", origin: "x" } },
      { memory: 5 },
      { memory: { value: "5", text: "5", origin: "x" } },
      { memory: { value: 0, text: "0", origin: "x" } },
      { memory: { value: 5 } },
    ];
    for (const value of bad) {
      const orders = JSON.stringify({ limits: value });
      const { code, stdout, stderr } = await sandbox.run(shell("echo ran"), { orders });
      assert.deepEqual([code, stdout], [125, ""], orders);
      assert.match(stderr, /^tombolo: Cannot read the orders: "limits\..*" is not a limit\n$/);
    }
  });
});

Deno.test({
  name: "processes that the kernel does not count are not taken for limited (needs root)",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using sandbox = await Sandbox.create(filter);
    const { code, stdout, stderr } = await sandbox.run(["sh", "-c", "echo ran"], limits({ processes: 9 }));
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /^tombolo: Cannot limit processes: the kernel does not count those of this user\n$/);
  },
});
