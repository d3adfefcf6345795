/**
 * Makes a release of a directory that holds its binaries: adds the bundle, the bill of materials, the install script with
 * the release's address in it, and SHA256SUMS over all of them.
 *
 *     deno task release --from=URL DIRECTORY
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials } from "./bill_of_materials.ts";
import { makeBundle } from "./make_bundle.ts";
import { ROOT } from "./run_deno.ts";
import { writeChecksums } from "./write_checksums.ts";

const { values: { from }, positionals: [directory] } = parseArgs({
  args: Deno.args,
  options: { from: { type: "string" } },
  allowPositionals: true,
});
if (from === undefined || !/^https?:\/\/[\w.:/-]+$/.test(from) || directory === undefined) {
  console.error(
    "Cannot make a release: expected --from=URL, where it will be, and the directory of its binaries",
  );
  Deno.exit(1);
}

async function installScript(address: string): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT, "bin", "install.sh"));
  const stamped = text.replace(/^RELEASE=''$/m, `RELEASE='${address}'`);
  if (stamped === text) {
    throw new TypeError("Cannot make a release: bin/install.sh has no place for its address");
  }
  return stamped;
}

await makeBundle(join(directory, "tombolo.js"));
const bill = await billOfMaterials(new Date());
await Deno.writeTextFile(join(directory, "tombolo.spdx.json"), `${JSON.stringify(bill, null, 2)}\n`);
await Deno.writeTextFile(join(directory, "install.sh"), await installScript(from), { mode: 0o755 });
await writeChecksums(directory);
