import assert from "node:assert/strict";
import { join } from "node:path";

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
}

const npm = join(import.meta.dirname ?? ".", "..", "..", "..", "bench", "peers", "npm");
const read = async (file: string) => JSON.parse(await Deno.readTextFile(join(npm, file)));

Deno.test("every package that is installed for the comparison is pinned by version and hash, and by no address", async () => {
  const { packages } = await read("package-lock.json") as { packages: Record<string, Locked> };
  const installed = Object.entries(packages).filter(([path]) => path !== "");
  assert.ok(installed.length > 0);
  for (const [path, { version, integrity, resolved }] of installed) {
    assert.match(version ?? "", /^\d+\.\d+\.\d+/, path);
    assert.match(integrity ?? "", /^sha512-/, path);
    assert.equal(resolved, undefined, path);
  }
});

Deno.test("what is compared is named by exact versions, as in the lock file", async () => {
  const pins = await read("package.json");
  const { packages } = await read("package-lock.json");
  for (const kind of ["dependencies", "optionalDependencies"]) {
    for (const version of Object.values(pins[kind] as Record<string, string>)) {
      assert.match(version, /^\d+\.\d+\.\d+$/);
    }
    assert.deepEqual(packages[""][kind], pins[kind]);
  }
});
