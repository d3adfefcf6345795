import { landlockAnswer } from "./landlock_answer.ts";
import { type Must, mustSucceed } from "./must_succeed.ts";
import { allowBeneath, LANDLOCK, RULESET_SIZE } from "./landlock_rule.ts";
import { pinWords } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

/**
 * The rules of a Landlock domain of the command's own (landlock(7)): its processes can neither signal nor trace, nor reach through
 * /proc/PID/mem, what stands outside it: the sandbox's init and the bridge, which the filter does not bind. Kernels
 * before 6.12 (ABI 6) have no domain without rules about files; there the filter alone stands in the way.
 *
 * @param execute The only files that may be executed, and directories whose files may be; `undefined` for all
 * @param ownView Whether there must be a domain on any kernel: what stands outside of it sees more files
 * @returns Their descriptor; `undefined` where there is to be no domain
 * @throws {Error} If the kernel cannot hold `execute`, or a step fails
 */
export function domainRuleset(
  call: SystemCall,
  execute: readonly string[] | undefined,
  ownView: boolean,
): number | undefined {
  const version = landlockAnswer(call);
  if (execute !== undefined && version < 1) {
    throw new Error(
      "Cannot limit which programs are run: this kernel has no Landlock; " +
        "run on Linux 5.13 or later with landlock among its security modules (lsm=), or without --allow-run=PROGRAM",
    );
  }
  if (ownView && version < 2) {
    throw new Error(
      "Cannot guard this many paths: this kernel has no Landlock of version 2; " +
        "run on Linux 5.19 or later with landlock among its security modules (lsm=), or deny directories instead",
    );
  }
  if (execute === undefined && !ownView && version < 6) return undefined;
  // A domain that knows files moves none between directories unless that is both handled and allowed; the first
  // version cannot allow it.
  const refer = version >= 2 ? LANDLOCK.REFER : 0n;
  const handled = execute !== undefined ? LANDLOCK.EXECUTE | refer : ownView ? refer : 0n;
  const scoped = version >= 6 ? LANDLOCK.SCOPES : 0n;
  const ruleset = mustSucceed(call)(
    "landlock_create_ruleset",
    "landlock_create_ruleset",
    pinWords(handled, 0n, scoped),
    RULESET_SIZE,
    0,
  );
  if (handled !== 0n && refer !== 0n) {
    allowBeneath(call, ruleset, "/", { rights: refer, failure: "Cannot allow moving between directories" });
  }
  for (const path of execute ?? []) {
    const failure = `Cannot allow the running of ${path}`;
    allowBeneath(call, ruleset, path, { rights: LANDLOCK.EXECUTE, failure });
  }
  return ruleset;
}

/**
 * Enters it.
 *
 * @throws {Error} As `domainRuleset`, or if that fails
 */
export function enterDomain(
  call: SystemCall,
  must: Must,
  execute: readonly string[] | undefined,
  ownView: boolean,
): void {
  const ruleset = domainRuleset(call, execute, ownView);
  if (ruleset !== undefined) must("landlock_restrict_self", "landlock_restrict_self", ruleset, 0);
}
