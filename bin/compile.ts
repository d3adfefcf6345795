/**
 * Compiles two programs for each platform, each with its own permissions baked in: stage2, dist/tombolo-stage2-PLATFORM,
 * and tombolo, dist/tombolo-PLATFORM, which holds that stage2, the worker, and a Deno that runs the worker. Writes
 * SHA256SUMS beside them and says how large they are. `deno compile` needs the runtime `denort`: it downloads it, or takes
 * the one that DENORT_BIN names.
 *
 *     deno task compile [--target=PLATFORM,...|all] [--output=DIRECTORY]
 */
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stage2V8Flags } from "../lib/plan/stage2_flags.ts";
import { denoFor } from "./deno_for.ts";
import { bundleInside } from "./embed.ts";
import { makeBundle } from "./make_bundle.ts";
import { packProgram } from "./pack_program.ts";
import { permissionFlags, stage2Permissions, toolPermissions } from "./permission_flags.ts";
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

// Nothing that stands beside a program changes what it does.
const FLAGS = [
  "compile",
  "--quiet",
  "--no-prompt",
  "--no-check",
  ...["--no-config", "--no-lock", "--no-npm", "--no-remote"],
  // It would be kept where a sandbox that may write /tmp could change it.
  "--no-code-cache",
];

async function compileProgram(cwd: string, flags: readonly string[], output: string, entry: string) {
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: [...FLAGS, ...flags, `--output=${output}`, join(cwd, entry)],
    cwd,
  }).spawn().status;
  if (!success) throw new Error(NO_DENORT);
}

async function compileStage2({ triple }: Target, work: string, output: string): Promise<void> {
  await Deno.writeTextFile(join(work, "stage2.js"), await bundleInside("stage2/main.ts"));
  const flags = [
    stage2V8Flags(true),
    ...permissionFlags(await stage2Permissions(ROOT)),
    `--target=${triple}`,
  ];
  await compileProgram(work, flags, output, "stage2.js");
}

async function compile(target: Target, directory: string): Promise<void> {
  const work = await Deno.makeTempDir({ dir: directory, prefix: ".compile." });
  const stage2 = join(directory, `tombolo-stage2-${target.name}`);
  try {
    await compileStage2(target, work, stage2);
    await makeBundle(join(work, "tombolo.js"), {
      stage2: await packProgram(stage2, join(work, "stage2.gz")),
      deno: await packProgram(await denoFor(target, work), join(work, "deno.gz")),
    });
    const flags = [
      ...permissionFlags(await toolPermissions(ROOT)),
      `--target=${target.triple}`,
      `--include=${join(work, "stage2.gz")}`,
      `--include=${join(work, "deno.gz")}`,
    ];
    await compileProgram(work, flags, join(directory, `tombolo-${target.name}`), "tombolo.js");
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
