import assert from "node:assert/strict";
import { nameOnDisk } from "../../lib/paths/name_on_disk.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";

// A file system that finds names whatever their case and composition, as that of macOS.
const DISK = ["/", "/Users", "/Users/ann", "/Users/ann/Keys", "/Users/ann/Caf\u0065\u0301"];

function folded(path: string): string {
  return path.normalize("NFC").toLowerCase();
}

function realPath(path: string): string {
  const found = DISK.find((each) => folded(each) === folded(path));
  if (found === undefined) throw new Deno.errors.NotFound();
  return found;
}

Deno.test("a path has the spelling of the disk, and what is not there its own", () => {
  const rows: Readonly<Record<string, string>> = {
    "/": "/",
    "/users/ANN/keys": "/Users/ann/Keys",
    "/Users/ann/Keys": "/Users/ann/Keys",
    "/users/ann/keys/New/File": "/Users/ann/Keys/New/File",
    "/users/ann/caf\u00e9": "/Users/ann/Caf\u0065\u0301",
    "/Nowhere/At/All": "/Nowhere/At/All",
  };
  for (const [path, wanted] of Object.entries(rows)) {
    assert.equal(nameOnDisk(SafePath.of(path), realPath).toString(), wanted, path);
  }
});

Deno.test("where nothing can be asked a path stays as it is", () => {
  const fails = () => {
    throw new Deno.errors.PermissionDenied();
  };
  assert.equal(nameOnDisk(SafePath.of("/a/b"), fails).toString(), "/a/b");
});
