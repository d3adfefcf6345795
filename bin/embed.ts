import { join } from "node:path";
import type { Embedded, EmbeddedProgram, EmbeddedText } from "../lib/launch/embedded.ts";
import { parseLate } from "./parse_late.ts";
import { permissionFlags, toolPermissions } from "./permission_flags.ts";
import { ROOT, runDeno } from "./run_deno.ts";

/**
 * A module with all that it imports, as one file.
 *
 * @param flags More flags of `deno bundle`
 */
export async function bundled(entry: string, ...flags: readonly string[]): Promise<string> {
  const work = await Deno.makeTempDir({ prefix: "tombolo-bundle." });
  try {
    const output = join(work, "bundled.js");
    await runDeno(["bundle", "--quiet", "--platform", "deno", ...flags, "-o", output, entry]);
    return await Deno.readTextFile(output);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

/** A module that runs inside a sandbox with all that it imports, as one file. */
export async function bundleInside(entry: string): Promise<string> {
  return parseLate(await bundled(entry, "--minify", "--format", "iife"));
}

async function embeddedText(text: string): Promise<EmbeddedText> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return { text, sha256: new Uint8Array(digest).toHex() };
}

/** The programs that a binary holds. */
export interface EmbeddedPrograms {
  readonly stage2: EmbeddedProgram;
  readonly deno: EmbeddedProgram;
}

/**
 * What goes into a tombolo that is to need no file beside it.
 *
 * @param main The module that starts tombolo, from the one that holds this
 * @param programs What a binary is to hold: stage2 in the place of its text, and a Deno for the worker
 */
export async function embed(main: string, programs?: EmbeddedPrograms): Promise<Embedded> {
  return {
    main,
    stage2: programs?.stage2 ?? await embeddedText(await bundleInside("stage2/main.ts")),
    worker: await embeddedText(await bundleInside("lib/worker/server.ts")),
    verifier: await embeddedText(await bundled("stage2/verify/main.ts", "--minify")),
    flags: permissionFlags(await toolPermissions(ROOT)),
    ...(programs === undefined ? {} : { deno: programs.deno }),
  };
}
