import assert from "node:assert/strict";
import { WorkerFileSystem } from "../../lib/worker/worker_file_system.ts";
import { Box } from "../system/tombolo.ts";
import { spawnIn } from "./spawned.ts";

// The long one, which also looks at the memory, is `bench/worker.ts --soak=100000`.
const REQUESTS = 3000;

Deno.test("thousands of mixed requests, failing ones among them, are all answered by the same worker", async () => {
  await using box = await Box.create();
  await using worker = await spawnIn(box);
  const files = new WorkerFileSystem(worker);
  const { pid } = worker;
  await files.write("a", "needle\n".repeat(50));
  for (let request = 0; request < REQUESTS; request += 6) {
    await files.write("b", String(request));
    assert.equal(new TextDecoder().decode((await files.read("b")).bytes), String(request));
    assert.equal(await files.edit("a", { oldString: "needle", newString: "needle", replaceAll: true }), 50);
    assert.equal((await files.grep("needle", { limit: 3 })).matches.length, 3);
    assert.deepEqual((await files.glob("*")).paths, ["a", "b"]);
    await assert.rejects(files.read("../outside"), { code: "policy_denied" });
  }
  assert.equal(worker.pid, pid);
  assert.equal(worker.failures, 0);
});
