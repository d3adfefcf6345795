import assert from "node:assert/strict";
import { readFirstLines } from "../../../lib/launch/doctor/read_first_lines.ts";
import { TempDirectory } from "../temp_directory.ts";

Deno.test("the first line of each file is read, and what is absent or empty is left out", async () => {
  using directory = new TempDirectory();
  const lines = await readFirstLines({
    first: directory.file("a", "one two  three\nfour\n"),
    unended: directory.file("b", "no newline"),
    empty: directory.file("c"),
    absent: directory.at("d"),
    directory: directory.path,
  });
  assert.deepEqual([...lines], [["first", "one two  three"], ["unended", "no newline"]]);
});

Deno.test("files below /proc can be read, which the tool's runtime itself may not", async () => {
  const lines = await readFirstLines({ release: "/proc/sys/kernel/osrelease" });
  assert.equal(lines.get("release"), Deno.osRelease());
});
