import { join } from "node:path";
import { bundled, embed, type EmbeddedPrograms } from "./embed.ts";

/** What lib/launch/embedded.ts comes to in a bundle. */
const NOTHING_EMBEDDED = /^( *)EMBEDDED = void 0;$/gm;

/**
 * Bundles tombolo into one file that holds stage2 and the worker.
 *
 * @param output Path of that file
 * @param programs What a binary is to hold
 * @throws {TypeError} where the bundler no longer writes what is to be replaced
 */
export async function makeBundle(output: string, programs?: EmbeddedPrograms): Promise<void> {
  const embedded = JSON.stringify(await embed("", programs));
  const main = await bundled("main.ts");
  if ([...main.matchAll(NOTHING_EMBEDDED)].length !== 1) {
    throw new TypeError("Cannot embed stage2: the bundle has no single place for it");
  }
  const work = await Deno.makeTempDir({ prefix: "tombolo-bundle." });
  try {
    const whole = join(work, "whole.js");
    await Deno.writeTextFile(
      whole,
      main.replace(NOTHING_EMBEDDED, (_, space) => `${space}EMBEDDED = ${embedded};`),
    );
    await Deno.writeTextFile(output, await bundled(whole, "--minify"));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
