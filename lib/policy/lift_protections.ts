import type { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { ProtectionRule } from "./decide_path.ts";
import type { PathRule } from "./policy.ts";

/** The origin of the protections that nobody lifts: without them the next sandbox would not be one. */
export const OWN_FILES = "protection tombolo";

/**
 * Takes away the protections that the user has lifted: those of exactly the paths named, and nothing below.
 *
 * @param protections All of them
 * @param lifted What the user named
 * @param real The real path behind a path
 * @throws {TomboloError} where nothing is protected at a path, or tombolo itself is
 */
export function liftProtections(
  protections: readonly ProtectionRule[],
  lifted: readonly PathRule[],
  real: (path: SafePath) => SafePath,
): readonly ProtectionRule[] {
  return lifted.reduce<readonly ProtectionRule[]>((left, rule) => {
    const path = real(rule.path);
    const at = left.filter((each) => real(each.path).equals(path) && each.denies !== "nothing");
    const fail = (reason: string, remedy: string) =>
      new TomboloError("policy", `Cannot unprotect ${quote(rule.text)} (${rule.origin}): ${reason}`, {
        remedy,
      });
    if (at.length === 0) {
      const below = protections.filter((each) => path.contains(real(each.path)) && each.denies !== "nothing");
      const [inner] = below.map((each) => real(each.path).toString());
      throw fail(
        `no protection stands at ${quote(path.toString())}`,
        inner === undefined ? "tombolo explain lists them" : `name what is protected: ${quote(inner)}`,
      );
    }
    if (at.some(({ origin }) => origin === OWN_FILES)) {
      throw fail("what decides over the next sandbox stays protected", "name another path");
    }
    return left.filter((each) => !at.includes(each));
  }, protections);
}
