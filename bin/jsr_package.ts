/**
 * Makes what goes to JSR in dist/jsr: the sources, which hold stage2 and the worker as text, since modules from a URL have
 * no files beside them. `deno publish --allow-slow-types` in that directory publishes it: the types of the policy's schema
 * are inferred from it, so that they cannot differ.
 *
 *     deno task jsr [OUTPUT]
 */
import { dirname, join } from "node:path";
import { embed } from "./embed.ts";
import { ROOT } from "./run_deno.ts";

const output = Deno.args[0] ?? join(ROOT, "dist", "jsr");
const NOTHING = "export const EMBEDDED = undefined as Embedded | undefined;";

interface Configuration {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly exports: unknown;
  readonly imports: Readonly<Record<string, string>>;
  readonly compilerOptions: unknown;
}

async function copy(path: string): Promise<void> {
  await Deno.mkdir(dirname(join(output, path)), { recursive: true });
  await Deno.copyFile(join(ROOT, path), join(output, path));
}

async function copyTree(path: string): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, path))) {
    await (isDirectory ? copyTree : copy)(join(path, name));
  }
}

async function embedInto(path: string): Promise<void> {
  const text = await Deno.readTextFile(path);
  if (!text.includes(NOTHING)) throw new TypeError(`Cannot embed stage2: ${path} has no place for it`);
  const embedded = JSON.stringify(await embed("../../main.ts"));
  const whole = text.replace(NOTHING, () => `export const EMBEDDED: Embedded | undefined = ${embedded};`);
  await Deno.writeTextFile(path, whole);
}

/** The configuration of the published package: only what its readers and `deno publish` need. */
async function configuration(): Promise<string> {
  const { name, version, license, exports, imports, compilerOptions } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  ) as Configuration;
  return JSON.stringify(
    { name, version, license, exports, imports, compilerOptions, workspace: [] },
    null,
    2,
  );
}

await Deno.remove(output, { recursive: true }).catch(() => {});
for (const path of ["main.ts", "README.md", "LICENSE"]) await copy(path);
for (const path of ["lib", "stage2"]) await copyTree(path);
await embedInto(join(output, "lib", "launch", "embedded.ts"));
await Deno.writeTextFile(join(output, "deno.json"), `${await configuration()}\n`);
console.log(output);
