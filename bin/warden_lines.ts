import { STAGE2_ENVIRONMENT_ON_HOST, STAGE2_FLAGS } from "../lib/plan/stage2_flags.ts";

/** Lines of sh that say how stage2 is called as the warden of a command; no word has anything that needs quotes. */
export function wardenLines(): string[] {
  const environment = Object.entries(STAGE2_ENVIRONMENT_ON_HOST).map((entry) => entry.join("="));
  return [
    `tombolo_warden_environment='${environment.join(" ")}'`,
    `tombolo_warden_flags='${[...STAGE2_FLAGS, "--allow-ffi"].join(" ")}'`,
  ];
}
