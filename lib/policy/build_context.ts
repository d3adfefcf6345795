import type { PathContext } from "../paths/safe_path.ts";

/** What a policy is read against: the place and the variables of the caller. */
export interface BuildContext {
  /** Real path of the working directory inside. */
  readonly cwd: string;
  readonly home: string | undefined;
  readonly variable: PathContext["variable"];
}
