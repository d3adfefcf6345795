import type { SafePath } from "../paths/safe_path.ts";
import type { Rule } from "./rule.ts";

/** A rule about a program, or about all programs of a directory. */
export interface ProgramRule extends Rule {
  /** Absent where the text is a bare name, which is looked up on the command's PATH. */
  readonly path?: SafePath;
}

/** Which programs may be executed. */
export interface RunPolicy {
  /** The only ones; absent: every one that no rule denies. */
  readonly allow?: readonly ProgramRule[];
  readonly deny: readonly ProgramRule[];
  /** Policies that this one has been made narrower from: all of them have to allow a program too. */
  readonly within?: readonly RunPolicy[];
}

/** Whether a policy limits at all what is executed. */
export function limitsPrograms({ allow, deny, within = [] }: RunPolicy): boolean {
  return allow !== undefined || deny.length > 0 || within.some(limitsPrograms);
}
