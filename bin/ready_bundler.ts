import { join } from "node:path";
import { runDeno } from "./run_deno.ts";

const MOST_TRIES = 5;
const REST_MS = 300;

/**
 * Has Deno fetch its bundler, which it does at the first bundle of a cache: several at once, also those of other first
 * starts, are in each other's way, and all but one fail.
 *
 * @param work A directory to write in
 * @throws {Error} where it cannot be fetched, after Deno has said why
 */
export async function readyBundler(work: string): Promise<void> {
  const module = join(work, "first.js");
  await Deno.writeTextFile(module, "export {};\n");
  const bundle = ["bundle", "--quiet", "--platform", "deno", "-o", join(work, "first.bundle.js"), module];
  for (let tries = 1;; tries++) {
    try {
      await runDeno(bundle);
      break;
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
  }
  for (const name of ["first.js", "first.bundle.js"]) await Deno.remove(join(work, name));
}
