import { TomboloError } from "../report/tombolo_error.ts";

// As bin/build.ts writes it.
const INPUTS = /^tombolo_inputs='([^']*)'$/m;
const REMEDY = "make them with `deno task build`";

function changed(path: string): number {
  return Deno.statSync(path).mtime?.getTime() ?? Infinity;
}

function isNewer(path: string, than: number): boolean {
  try {
    return changed(path) > than;
  } catch {
    return true;
  }
}

/**
 * A bundle of a checkout, as the build has left it in its cache.
 *
 * @param root Directory of the checkout
 * @param name File name of the bundle
 * @throws {TomboloError} where it is missing, or older than what it was made from
 */
export function builtPart(root: string | undefined, name: "stage2.js" | "worker.js" | "verify.js"): string {
  if (root === undefined) {
    throw new TomboloError(
      "sandbox",
      `Cannot find ${name}: these modules are in no checkout, and hold none`,
      {
        remedy: "run the bundle that `deno task bundle` makes, or a checkout",
      },
    );
  }
  const cache = `${root}/.cache`;
  let inputs: readonly string[];
  let built: number;
  try {
    inputs = INPUTS.exec(Deno.readTextFileSync(`${cache}/ready.sh`))?.[1]?.split(" ") ?? [];
    built = changed(`${cache}/ready.sh`);
  } catch (cause) {
    throw new TomboloError("sandbox", `Cannot find ${name}: ${cache} is not made yet`, {
      remedy: REMEDY,
      cause,
    });
  }
  const newer = inputs.find((path) => isNewer(`${root}/${path}`, built));
  if (newer === undefined) return `${cache}/${name}`;
  throw new TomboloError("sandbox", `Cannot use ${name}: ${newer} has changed since it was made`, {
    remedy: REMEDY,
  });
}
