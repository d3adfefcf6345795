import { STAGE2_ENVIRONMENT_ON_HOST, STAGE2_FLAGS, stage2V8Flags } from "../lib/plan/stage2_flags.ts";

/**
 * How V8 runs tombolo. `--no-lazy`: with all functions compiled, the code cache holds them all, which saves 6 ms.
 * `--min-semi-space-size`: with room for 4 MB more no garbage is collected before the command runs, which saves 3 ms. What
 * was compiled under other flags is of no use, and is not compiled again.
 */
export const V8_FLAGS = "--v8-flags=--no-lazy,--min-semi-space-size=4";

/** Lines of sh that say how V8 runs tombolo, and how stage2 is called as the warden of a command; no word needs quotes. */
export function startLines(): string[] {
  const environment = Object.entries(STAGE2_ENVIRONMENT_ON_HOST).map((entry) => entry.join("="));
  return [
    `tombolo_v8_flags='${V8_FLAGS}'`,
    `tombolo_warden_environment='${environment.join(" ")}'`,
    `tombolo_warden_flags='${[...STAGE2_FLAGS, stage2V8Flags(false), "--allow-ffi"].join(" ")}'`,
  ];
}
