import { join } from "node:path";
import type { Embedded } from "../lib/launch/embedded.ts";
import { bundled, embed } from "./embed.ts";

/** What lib/launch/embedded.ts comes to in a bundle. */
const NOTHING_EMBEDDED = /^( *)EMBEDDED = void 0;$/gm;

/**
 * Bundles tombolo into one file that holds stage2 and the worker.
 *
 * @param output Path of that file
 * @param deno The Deno that a binary is to hold as well
 * @throws {TypeError} where the bundler no longer writes what is to be replaced
 */
export async function makeBundle(output: string, deno?: Embedded["deno"]): Promise<void> {
  const embedded = JSON.stringify(await embed("", deno));
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
