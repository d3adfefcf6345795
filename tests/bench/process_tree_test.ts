import assert from "node:assert/strict";
import { stillRunning, treeOf } from "../../bench/process_tree.ts";

Deno.test("a process tree holds children of children, and each is known as ended once it has", async () => {
  const script = "exec 3<&0; sh -c 'read -r line; exit' <&3 & echo ready; wait";
  const child = new Deno.Command("sh", { args: ["-c", script], stdin: "piped", stdout: "piped" }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  const own = treeOf(Deno.pid);
  const tree = treeOf(child.pid);
  assert.deepEqual(tree.map(({ parent }) => parent), [Deno.pid, child.pid]);
  assert.ok(tree.every(({ pid }) => own.some((process) => process.pid === pid)));
  assert.ok(tree.every((process) => stillRunning(process) !== undefined));
  await child.stdin.close();
  await child.status;
  await reader.cancel();
  assert.deepEqual(tree.filter((process) => stillRunning(process) !== undefined), []);
});

Deno.test("a later process with the same number is not taken for the one that ended", () => {
  const [self] = treeOf(Deno.pid);
  assert.ok(self !== undefined && stillRunning(self) !== undefined);
  assert.equal(stillRunning({ ...self, started: `${Number(self.started) - 1}` }), undefined);
});
