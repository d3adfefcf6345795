/**
 * Bundles tombolo into one file, dist/tombolo.js, that needs no other: `deno run FLAGS URL` runs it from anywhere. Prints
 * its size and checksum.
 *
 *     deno task bundle [OUTPUT]
 */
import { dirname, join } from "node:path";
import { makeBundle } from "./make_bundle.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { ROOT } from "./run_deno.ts";

const output = Deno.args[0] ?? join(ROOT, "dist", "tombolo.js");
await Deno.mkdir(dirname(output), { recursive: true });
await makeBundle(output);
const { size } = await Deno.stat(output);
console.log(`${output}: ${Math.ceil(size / 1024)} KiB`);
console.log(`deno run ${permissionFlags(await toolPermissions(ROOT)).join(" ")} ${output} run -- COMMAND`);
