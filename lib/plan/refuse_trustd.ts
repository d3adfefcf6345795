import type { Policy } from "../policy/policy.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/**
 * Refuses what only macOS has.
 *
 * @throws {TomboloError} where the policy asks for it
 */
export function refuseTrustd({ trustd }: Policy): void {
  if (trustd === undefined) return;
  throw new TomboloError("policy", `Cannot allow ${trustd.text} (${trustd.origin}): only macOS has it`, {
    remedy: "leave it out: here clients check certificates by themselves",
  });
}
