import type { SafePath } from "../paths/safe_path.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { lists, toRule } from "./entries.ts";
import type { Entry, PolicySource } from "./policy_source.ts";
import type { ProgramRule, RunPolicy } from "./run_policy.ts";

// What a shell would take for a directory, a home or a variable is a path, also without a slash.
const PATH_LIKE = /\/|^\.{1,2}$|^~|^\$/;
// A bracket alone is a program, test(1).
const PATTERN = /[*?]|\[.+\]/;

/**
 * Parses what the sources say about programs. A bare allow anywhere means every program, as no allow at all does.
 *
 * @param pathOf Parses the text of an entry that is a path
 * @throws {TomboloError} naming the rule and its origin
 */
export function runPolicy(sources: readonly PolicySource[], pathOf: (entry: Entry) => SafePath): RunPolicy {
  const rulesOf = (key: "runAllow" | "runDeny") =>
    lists(sources, key).flatMap(({ entries }) => entries.map((entry) => programRule(entry, pathOf)));
  const deny = rulesOf("runDeny");
  const allow = rulesOf("runAllow");
  const limits = lists(sources, "runAllow");
  if (limits.length === 0 || limits.some(({ all }) => all !== undefined)) return { deny };
  return { allow, deny };
}

function programRule(entry: Entry, pathOf: (entry: Entry) => SafePath): ProgramRule {
  const reason = entry.text.trim() === ""
    ? "it is empty"
    : entry.text.includes("\0")
    ? "it holds a NUL character"
    : PATTERN.test(entry.text)
    ? "wanted a name or a path, not a pattern"
    : undefined;
  if (reason !== undefined) {
    throw new TomboloError("policy", `Cannot use program ${quote(entry.text)} (${entry.origin}): ${reason}`);
  }
  return PATH_LIKE.test(entry.text) ? { ...toRule(entry), path: pathOf(entry) } : toRule(entry);
}
