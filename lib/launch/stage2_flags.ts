import { INSIDE } from "../plan/plan.ts";

/** stage2's bundle inside, the module that its runtime runs. */
export const STAGE2_MODULE: string = `${INSIDE}/stage2.js`;

/** stage2's Deno takes nothing from the sandbox: no configuration, cache, lock file or module but its own. */
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

/** What a runtime of stage2 has in its environment. */
export const STAGE2_ENVIRONMENT: Readonly<Record<string, string>> = {
  // The directory cannot be made: the runtime then writes nothing, least of all in the user's home.
  DENO_DIR: `${INSIDE}/no-cache`,
  DENO_NO_UPDATE_CHECK: "1",
  // On a terminal the runtime would complain that there is no cache directory.
  DENO_LOG: "off",
};
