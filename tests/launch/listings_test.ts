import assert from "node:assert/strict";
import { Listings } from "../../lib/launch/listings.ts";
import { lstat } from "../../lib/paths/resolve_path.ts";
import type { SafePath } from "../../lib/paths/safe_path.ts";
import { TempDirectory } from "./temp_directory.ts";

Deno.test("what exists is told by listings, also below directories that do not", () => {
  using place = new TempDirectory();
  place.file("a/b/file");
  Deno.symlinkSync("nowhere", place.at("dangling"));
  const listings = new Listings();
  const exists = (path: string) => listings.exists(place.path, path);
  assert.deepEqual(["a", "a/b", "a/b/file", "dangling"].filter((path) => !exists(path)), []);
  assert.deepEqual(["b", "a/file", "x/y/z", "dangling/x"].filter(exists), []);
  assert.equal(listings.exists("/", "etc/passwd"), true);
});

Deno.test("nothing is called absent that a link on the way may lead to", () => {
  using place = new TempDirectory();
  place.file("a/file");
  Deno.symlinkSync("a", place.at("link"));
  Deno.symlinkSync("nowhere", place.at("dangling"));
  const listings = new Listings();
  const absent = (path: string) => listings.isAbsent(place.at(path));
  assert.deepEqual(["x", "a/x", "a/x/y", "x/y/z"].filter((path) => !absent(path)), []);
  const present = ["a", "a/file", "link", "dangling", "link/x", "link/x/y", "dangling/x", "a/file/x"];
  assert.deepEqual(present.filter(absent).filter((path) => path !== "a/file/x"), []);
  assert.equal(listings.isAbsent("/"), false);
});

Deno.test("the answer does not depend on what was asked before", () => {
  using place = new TempDirectory();
  place.file("a/b/file");
  Deno.symlinkSync("a", place.at("link"));
  const paths = ["a", "a/b", "a/b/file", "x", "x/y", "a/x/y", "link/b", "link/x"].map((path) =>
    place.at(path)
  );
  const all = [...paths, "/", "/etc", "/etc/passwd", "/usr/bin", "/no-such-directory/below"];
  const alone = all.map((path) => new Listings().isAbsent(path));
  for (let turn = 0; turn < all.length; turn++) {
    const order = [...all.slice(turn), ...all.slice(0, turn)];
    const listings = new Listings();
    for (const path of [...order, ...order]) {
      assert.equal(listings.isAbsent(path), alone[all.indexOf(path)], `${path} after ${order[0]}`);
    }
  }
});

Deno.test("where names are found in another case too, a listing that lacks one proves nothing", () => {
  using place = new TempDirectory();
  place.file("Keys/File");
  // As macOS looks names up.
  const look = (path: SafePath | string) => lstat(path.toString().replace(/\/keys(?=\/|$)/, "/Keys"));
  const folding = new Listings(true, look);
  assert.ok(folding.exists(place.path, "keys"));
  assert.ok(!folding.exists(place.path, "locks"));
  assert.equal(folding.isAbsent(place.at("keys")), false);
  assert.equal(folding.isAbsent(place.at("locks")), true);
  assert.ok(!new Listings(false, look).exists(place.path, "keys"));
});
