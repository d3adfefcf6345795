import type { SafePath } from "../paths/safe_path.ts";
import type { Rule } from "./rule.ts";

/** A file, or a directory with all below it, that a rule about programs stands for. */
export interface RuledProgram {
  /** Real path. */
  readonly path: SafePath;
  readonly rule: Rule;
  /** Why it goes with the rule, where the rule does not name it: `loader of /usr/bin/git`. */
  readonly because?: string;
}

/** Every rule about programs, by real path. */
export interface RunDecider {
  /** The only ones that may be executed; absent: every one that is not denied. */
  readonly allow?: readonly RuledProgram[];
  readonly deny: readonly RuledProgram[];
}

/** What a decision about a program was, and why. */
export interface RunDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** The rule that decided; absent where no rule spoke. */
  readonly rule?: Rule;
  /** The smallest flag that would allow it; absent where a deny rule stands in the way. */
  readonly suggestion?: string;
}

/**
 * Decides whether a file may be executed: deny before allow, and where there is a list of programs nothing beside it.
 *
 * @param program Real path
 * @param name How the user calls it, for the suggestion
 */
export function decideRun(
  { allow, deny }: RunDecider,
  program: SafePath,
  name: string = program.toString(),
): RunDecision {
  const denied = deny.find(({ path }) => path.equals(program));
  if (denied !== undefined) {
    const { rule } = denied;
    return { allowed: false, reason: `denied by ${rule.text} (${rule.origin})`, rule };
  }
  if (allow === undefined) return { allowed: true, reason: "no rule denies it" };
  const named = allow.find(({ path }) => path.contains(program));
  if (named === undefined) {
    return { allowed: false, reason: "no rule allows it", suggestion: `--allow-run=${name}` };
  }
  const { rule } = named;
  return { allowed: true, reason: `allowed by ${rule.text} (${rule.origin})`, rule };
}
