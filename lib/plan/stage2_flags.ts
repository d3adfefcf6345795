import { INSIDE } from "./plan.ts";

/** A Deno that runs a program of tombolo's own takes nothing else: no configuration, cache, lock file or module. */
export const STAGE2_FLAGS: readonly string[] = [
  "run",
  "--quiet",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--no-prompt",
];

/**
 * How V8 runs stage2: with room for 4 MB more no garbage is collected before the command runs, which saves 4 ms. Where a
 * limit is about to leave it no memory for more, it collects it itself.
 */
export function stage2V8Flags(collectsGarbage: boolean): string {
  return `--v8-flags=--min-semi-space-size=4${collectsGarbage ? ",--expose-gc" : ""}`;
}

/** What a runtime of stage2 has in its environment. */
export const STAGE2_ENVIRONMENT: Readonly<Record<string, string>> = {
  // The directory cannot be made: the runtime then writes nothing, least of all in the user's home.
  DENO_DIR: `${INSIDE}/no-cache`,
  DENO_NO_UPDATE_CHECK: "1",
  // On a terminal the runtime would complain that there is no cache directory.
  DENO_LOG: "off",
};

/** The same for one on the host, where root could make that directory: below a device nobody can. */
export const STAGE2_ENVIRONMENT_ON_HOST: Readonly<Record<string, string>> = {
  ...STAGE2_ENVIRONMENT,
  DENO_DIR: "/dev/null/no-cache",
  // Deno would ask the system's databases for it otherwise.
  HOME: "/",
};
