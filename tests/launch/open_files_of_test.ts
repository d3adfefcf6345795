import assert from "node:assert/strict";
import { openFilesOf } from "../../lib/launch/open_files_of.ts";

Deno.test({
  name: "the soft limit of open files of another process is told (needs Linux)",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using child = new Deno.Command("/bin/sh", {
      args: ["-c", "ulimit -Sn 321; echo set; read -r _"],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    assert.equal(openFilesOf(child.pid), "321");
    await child.stdin.close();
    await reader.cancel();
  },
});

Deno.test("of a process that there is not, no limit is told", () => {
  assert.equal(openFilesOf(2 ** 30), undefined);
});
