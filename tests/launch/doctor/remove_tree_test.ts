import assert from "node:assert/strict";
import { removeTree } from "../../../lib/launch/doctor/remove_tree.ts";
import { TempDirectory } from "../temp_directory.ts";

Deno.test("a tree goes with the directories that are closed to their owner", () => {
  using directory = new TempDirectory();
  directory.file("tree/closed/deeper/file");
  Deno.chmodSync(directory.at("tree/closed/deeper"), 0);
  Deno.chmodSync(directory.at("tree/closed"), 0);
  removeTree(directory.at("tree"));
  assert.equal(directory.exists("tree"), false);
});

Deno.test("no link is followed: what it leads to stays as it is", () => {
  using directory = new TempDirectory();
  const kept = directory.file("kept/file", "text", 0o444);
  Deno.mkdirSync(directory.at("tree"));
  Deno.symlinkSync(directory.at("kept"), directory.at("tree/link"));
  Deno.symlinkSync(kept, directory.at("tree/to file"));
  removeTree(directory.at("tree"));
  assert.equal(directory.exists("tree"), false);
  assert.equal(Deno.readTextFileSync(kept), "text");
  assert.equal((Deno.statSync(kept).mode ?? 0) & 0o777, 0o444);
});
