import { join } from "node:path";
import type { Embedded, EmbeddedText } from "../lib/launch/embedded.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { ROOT, runDeno } from "./run_deno.ts";

/** What lib/launch/embedded.ts comes to in a bundle. */
const NOTHING_EMBEDDED = /^( *)EMBEDDED = void 0;$/gm;

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A module with all that it imports, as one file. */
async function bundled(work: string, entry: string, ...flags: string[]): Promise<string> {
  const output = join(work, "bundled.js");
  await runDeno(["bundle", "--quiet", "--platform", "deno", ...flags, "-o", output, entry]);
  const text = await Deno.readTextFile(output);
  await Deno.remove(output);
  return text;
}

async function embeddedText(work: string, entry: string): Promise<EmbeddedText> {
  const text = await bundled(work, entry, "--minify");
  return { text, sha256: await sha256Of(new TextEncoder().encode(text)) };
}

/**
 * Bundles tombolo into one file that holds stage2 and the worker.
 *
 * @param output Path of that file
 * @param deno The Deno that a binary is to hold as well
 * @throws {TypeError} where the bundler no longer writes what is to be replaced
 */
export async function makeBundle(output: string, deno?: Embedded["deno"]): Promise<void> {
  const work = await Deno.makeTempDir({ prefix: "tombolo-bundle." });
  try {
    const [stage2, worker] = [
      await embeddedText(work, "stage2/main.ts"),
      await embeddedText(work, "lib/worker/server.ts"),
    ];
    const flags = permissionFlags(await toolPermissions(ROOT));
    const embedded: Embedded = { stage2, worker, flags, ...(deno === undefined ? {} : { deno }) };
    const main = await bundled(work, "main.ts");
    if ([...main.matchAll(NOTHING_EMBEDDED)].length !== 1) {
      throw new TypeError("Cannot embed stage2: the bundle has no single place for it");
    }
    const whole = main.replace(
      NOTHING_EMBEDDED,
      (_, space) => `${space}EMBEDDED = ${JSON.stringify(embedded)};`,
    );
    const first = join(work, "whole.js");
    await Deno.writeTextFile(first, whole);
    await Deno.writeTextFile(output, await bundled(work, first, "--minify"));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
