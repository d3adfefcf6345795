/**
 * Bundles tombolo, stage2, the worker and what doctor verifies with into the cache, and writes ready.sh, which tells bin/tombolo which Deno to start and
 * which sources the bundles were made from.
 *
 *     deno run --allow-read --allow-write --allow-run --allow-env bin/build.ts [WORK_DIRECTORY]
 */
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { joinChunks } from "./join_chunks.ts";
import { parseLate } from "./parse_late.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { readyBundler } from "./ready_bundler.ts";
import { ROOT, runDeno } from "./run_deno.ts";
import { startLines, V8_FLAGS } from "./start_lines.ts";

const cache = join(ROOT, ".cache");
const deno = (...args: string[]) => runDeno(args);
const started = new Date();

/** The local files that a module is made from, relative to the checkout. */
async function sourcesOf(entry: string): Promise<string[]> {
  const { modules } = JSON.parse(await deno("info", "--quiet", "--json", entry)) as {
    modules: { specifier: string }[];
  };
  return modules
    .filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => relative(ROOT, fileURLToPath(specifier)))
    .filter((path) => !path.startsWith("..") && !path.startsWith(".cache"));
}

/** Quotes for sh; a path in the checkout stays relative to it, so that the checkout can be moved. */
function quote(path: string): string {
  const inside = relative(ROOT, path);
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return inside.startsWith("..") ? quoted(path) : `"$tombolo_root"/${quoted(inside)}`;
}

/**
 * Hides from Deno which chunks may be imported later: it would open and parse every one of them at each start, which takes
 * longer than all the rest of the loading. Without a literal it looks only when the import is reached.
 */
async function hideImports(path: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  const hidden = text.replaceAll(/\bimport\(("\.\/[^"]+")\)/g, "import(String($1))");
  if (hidden !== text) await Deno.writeTextFile(path, hidden);
}

/** A name that changes with what the files of a directory hold. */
async function contentName(path: string): Promise<string> {
  const files = Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
  const texts = await Promise.all(files.map((name) => Deno.readTextFile(join(path, name))));
  const bytes = new TextEncoder().encode(JSON.stringify([files, texts]));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}

await Deno.mkdir(cache, { recursive: true });
const work = Deno.args[0] ?? await Deno.makeTempDir({ dir: cache, prefix: "setup." });
const bundle = ["bundle", "--quiet", "--platform", "deno"];
await readyBundler(work).catch(() => Deno.exit(1));

// Smaller, because the sandbox has no code cache: the runtime parses it at each start.
async function bundleInside(name: string, entry: string): Promise<void> {
  const path = join(work, name);
  await deno(...bundle, "--minify", "--format", "iife", "-o", path, entry);
  await Deno.writeTextFile(path, parseLate(await Deno.readTextFile(path)));
}

const tasks = [
  sourcesOf("main.ts"),
  sourcesOf("stage2/main.ts"),
  sourcesOf("lib/worker/server.ts"),
  sourcesOf("stage2/verify/main.ts"),
  bundleInside("stage2.js", "stage2/main.ts"),
  bundleInside("worker.js", "lib/worker/server.ts"),
  deno(...bundle, "--minify", "-o", join(work, "verify.js"), "stage2/verify/main.ts"),
  deno(...bundle, "--code-splitting", "--outdir", join(work, "tombolo"), "main.ts"),
] as const;
// All of them have to be over before anybody removes what they write.
const failed = (await Promise.allSettled(tasks)).some(({ status }) => status === "rejected");
// Deno has said why.
if (failed) Deno.exit(1);
const [mainSources, stage2Sources, workerSources, verifySources] = await Promise.all(tasks);

for (const { name } of Deno.readDirSync(join(work, "tombolo"))) {
  await hideImports(join(work, "tombolo", name));
}
await joinChunks(
  join(work, "tombolo"),
  "main.js",
  (input, output) => deno(...bundle, "-o", output, input),
);

// A directory for each content: a tombolo that is running keeps finding its own chunks.
const built = join(work, "tombolo");
const directory = join(cache, "tombolo", await contentName(built));
await Deno.mkdir(join(cache, "tombolo"), { recursive: true });
if (await isThere(join(directory, "main.js"))) await Deno.remove(built, { recursive: true });
else await Deno.rename(built, directory).catch(() => isThere(join(directory, "main.js")));
const weekAgo = started.getTime() - 7 * 24 * 3600 * 1000;
for (const { name } of Deno.readDirSync(join(cache, "tombolo"))) {
  const path = join(cache, "tombolo", name);
  const isOld = path !== directory && (Deno.statSync(path).mtime?.getTime() ?? 0) < weekAgo;
  if (isOld) await Deno.remove(path, { recursive: true }).catch(() => {});
}
for (const name of ["stage2.js", "worker.js", "verify.js"]) {
  await Deno.rename(join(work, name), join(cache, name));
}

const inputs = new Set([
  "deno.json",
  "deno.lock",
  "bin/setup.sh",
  "bin/build.ts",
  "bin/join_chunks.ts",
  "bin/parse_late.ts",
  "bin/permission_flags.ts",
  "bin/ready_bundler.ts",
  "bin/run_deno.ts",
  "bin/start_lines.ts",
  ...mainSources,
  ...stage2Sources,
  ...workerSources,
  ...verifySources,
]);
const ready = join(work, "ready.sh");
const flags = permissionFlags(await toolPermissions(ROOT));

/**
 * Has what every start loads compiled once: who may not write here would compile it at each start. In a cache of its own,
 * as one with all that the tests have ever compiled is slower, and anew, as what was compiled under other flags stays.
 */
async function compileOnce(main: string): Promise<void> {
  const compiled = join(cache, "compiled");
  await Deno.remove(compiled, { recursive: true }).catch(() => {});
  await Deno.mkdir(compiled, { recursive: true });
  const own = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-npm", "--no-remote", V8_FLAGS];
  await new Deno.Command(Deno.execPath(), {
    args: ["run", ...own, ...flags, main, "explain", "--", "true"],
    env: { HOME: work, PATH: "/usr/bin:/bin", DENO_DIR: compiled, DENO_NO_UPDATE_CHECK: "1" },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

await compileOnce(join(directory, "main.js"));
await Deno.writeTextFile(
  ready,
  [
    `tombolo_deno=${quote(Deno.execPath())}`,
    `tombolo_main=${quote(join(directory, "main.js"))}`,
    `tombolo_flags='${flags.join(" ")}'`,
    ...startLines(),
    `tombolo_inputs='${[...inputs].sort().join(" ")}'`,
    "",
  ].join("\n"),
);
// As old as the start of the build: a source that changed meanwhile counts as newer.
await Deno.utime(ready, started, started);
await Deno.rename(ready, join(cache, "ready.sh"));
await Deno.remove(work, { recursive: true });
