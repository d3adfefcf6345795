/**
 * Compiles tombolo into one binary for each platform, dist/tombolo-PLATFORM, with its permissions baked in; writes
 * SHA256SUMS beside them and says how large they are. Each holds stage2, the worker and a Deno that runs both inside the
 * sandbox. `deno compile` needs the runtime `denort`: it downloads it, or takes the one that DENORT_BIN names.
 *
 *     deno task compile [--target=PLATFORM,...|all] [--output=DIRECTORY]
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { denoFor } from "./deno_for.ts";
import { makeBundle } from "./make_bundle.ts";
import { packDeno } from "./pack_deno.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { ROOT } from "./run_deno.ts";
import { type Target, TARGETS } from "./targets.ts";
import { writeChecksums } from "./write_checksums.ts";

const NO_DENORT = "if denort could not be downloaded, set DENORT_BIN to a local one of this Deno's version";

function chosenTargets(text: string | undefined): readonly Target[] {
  if (text === "all") return TARGETS;
  const native = TARGETS.find(({ triple }) => triple === Deno.build.target)?.name;
  return (text ?? native ?? Deno.build.target).split(",").map((name) => {
    const target = TARGETS.find((each) => each.name === name);
    if (target !== undefined) return target;
    const names = TARGETS.map((each) => each.name).join(", ");
    throw new RangeError(`there is no platform ${name}: expected all, or some of ${names}`);
  });
}

async function compile(target: Target, directory: string): Promise<void> {
  const work = await Deno.makeTempDir({ dir: directory, prefix: ".compile." });
  const name = `tombolo-${target.name}`;
  try {
    const sha256 = await packDeno(await denoFor(target, work), join(work, "deno.gz"));
    await makeBundle(join(work, "tombolo.js"), { file: "./deno.gz", sha256 });
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "compile",
        "--quiet",
        "--no-prompt",
        "--no-check",
        ...["--no-config", "--no-lock", "--no-npm", "--no-remote"],
        // It would be kept where a sandbox that may write /tmp could change it.
        "--no-code-cache",
        ...permissionFlags(await toolPermissions(ROOT)),
        `--target=${target.triple}`,
        `--include=${join(work, "deno.gz")}`,
        `--output=${join(work, name)}`,
        join(work, "tombolo.js"),
      ],
      cwd: work,
      // For an upstream proxy that is spoken to over TLS; compiled in.
      env: { DENO_TLS_CA_STORE: "system,mozilla" },
    }).spawn().status;
    if (!success) throw new Error(NO_DENORT);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: { target: { type: "string" }, output: { type: "string" } },
  });
  const directory = resolve(values.output ?? join(ROOT, "dist"));
  await Deno.mkdir(directory, { recursive: true });
  for (const target of chosenTargets(values.target)) await compile(target, directory);
  await writeChecksums(directory);
}

try {
  await main();
} catch (error) {
  console.error(`Cannot compile: ${error instanceof Error ? error.message : error}`);
  Deno.exit(1);
}
