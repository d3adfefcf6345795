/**
 * Makes the npm package in dist/npm: a start script, the bundles that the build has made, and as dependencies the Deno of
 * each platform.
 *
 *     deno task npm [OUTPUT]
 */
import { dirname, join } from "node:path";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { ROOT, runDeno } from "./run_deno.ts";
import { startLines } from "./start_lines.ts";

const output = Deno.args[0] ?? join(ROOT, "dist", "npm");

/** What bin/tombolo does wherever everything is, as functions. */
async function commonPart(): Promise<string> {
  const text = await Deno.readTextFile(join(ROOT, "bin", "tombolo"));
  const [, common] = text.split(/^# --- .*\n/m);
  if (common === undefined) {
    throw new TypeError("Cannot make the start script: bin/tombolo has lost its mark");
  }
  return common;
}

async function builtMain(): Promise<string> {
  await runDeno(["task", "--quiet", "build"]);
  const ready = await Deno.readTextFile(join(ROOT, ".cache", "ready.sh"));
  const main = /^tombolo_main="\$tombolo_root"\/'([^']+)'$/m.exec(ready)?.[1];
  if (main === undefined) {
    throw new TypeError("Cannot make the npm package: .cache/ready.sh names no main module");
  }
  return dirname(join(ROOT, main));
}

async function packageText(): Promise<string> {
  const [own, tool] = await Promise.all(
    ["npm/package.json", "deno.json"].map(async (path) =>
      JSON.parse(await Deno.readTextFile(join(ROOT, path))) as { version: string }
    ),
  );
  return `${JSON.stringify({ ...own, version: tool?.version }, null, 2)}\n`;
}

const main = await builtMain();
await Deno.remove(output, { recursive: true }).catch(() => {});
await Deno.mkdir(join(output, "main"), { recursive: true });
for (const { name } of Deno.readDirSync(main)) {
  await Deno.copyFile(join(main, name), join(output, "main", name));
}
for (const name of ["stage2.js", "worker.js", "verify.js"]) {
  await Deno.copyFile(join(ROOT, ".cache", name), join(output, name));
}
await Deno.copyFile(join(ROOT, "LICENSE"), join(output, "LICENSE"));
await Deno.copyFile(join(ROOT, "npm", "README.md"), join(output, "README.md"));
await Deno.writeTextFile(join(output, "package.json"), await packageText());
const flags = permissionFlags(await toolPermissions(ROOT)).join(" ");
const start = await Deno.readTextFile(join(ROOT, "npm", "start.sh"));
await Deno.writeTextFile(
  join(output, "tombolo"),
  [
    `${start}tombolo_flags='${flags}'`,
    ...startLines(),
    "",
    `${await commonPart()}close_leaks "$@"\nmake_pipes "$@"\nstart "$@"\n`,
  ].join("\n"),
  { mode: 0o755 },
);
console.log(output);
