import { ERRNO } from "./errno.ts";
import { landlockAnswer } from "./landlock_answer.ts";
import type { Must } from "./must_succeed.ts";
import { openPath } from "./open_path.ts";
import { pinWords } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

const RULE_PATH_BENEATH = 1;
const ACCESS_EXECUTE = 1n;
const ACCESS_REFER = 1n << 13n;
const SCOPE_ABSTRACT_UNIX_SOCKET = 1n;
const SCOPE_SIGNAL = 2n;

/** What is not there, not to be reached, or has become a link since the plan was made is not allowed: nothing is lost. */
const SKIPPED: readonly number[] = [ERRNO.ENOENT, ERRNO.EACCES, ERRNO.ENOTDIR, ERRNO.ELOOP];

function allow(must: Must, ruleset: number, rights: bigint, opened: number): void {
  // struct landlock_path_beneath_attr, packed: u64 of rights, s32 descriptor.
  const rule = pinWords(rights, BigInt(opened));
  must("landlock_add_rule", "landlock_add_rule", ruleset, RULE_PATH_BENEATH, rule, 0);
}

function allowExecution(call: SystemCall, must: Must, ruleset: number, paths: readonly string[]): void {
  for (const path of paths) {
    const opened = call(...openPath(path));
    if (opened >= 0) allow(must, ruleset, ACCESS_EXECUTE, opened);
    else if (!SKIPPED.includes(-opened)) {
      throw new Error(`Cannot allow the running of ${path}: errno ${-opened}`);
    }
  }
}

/**
 * A Landlock domain of the command's own (landlock(7)): its processes can neither signal nor trace, nor reach through
 * /proc/PID/mem, what stands outside it: the sandbox's init and the bridge, which the filter does not bind. Kernels
 * before 6.12 (ABI 6) have no domain without rules about files; there the filter alone stands in the way.
 *
 * @param execute The only files that may be executed, and directories whose files may be; `undefined` for all
 * @param ownView Whether there must be a domain on any kernel: what stands outside of it sees more files
 * @throws {Error} If the kernel cannot hold `execute`, or a step fails
 */
export function enterDomain(
  call: SystemCall,
  must: Must,
  execute: readonly string[] | undefined,
  ownView: boolean,
): void {
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
  if (execute === undefined && !ownView && version < 6) return;
  // A domain that knows files moves none between directories unless that is both handled and allowed; the first
  // version cannot allow it.
  const refer = version >= 2 ? ACCESS_REFER : 0n;
  const handled = execute !== undefined ? ACCESS_EXECUTE | refer : ownView ? refer : 0n;
  const scoped = version >= 6 ? SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL : 0n;
  // struct landlock_ruleset_attr: handled_access_fs, handled_access_net, scoped. Older kernels take zeros beyond theirs.
  const ruleset = must(
    "landlock_create_ruleset",
    "landlock_create_ruleset",
    pinWords(handled, 0n, scoped),
    24,
    0,
  );
  if (handled !== 0n && refer !== 0n) {
    const root = must("openat2", ...openPath("/"));
    allow(must, ruleset, refer, root);
  }
  if (execute !== undefined) allowExecution(call, must, ruleset, execute);
  must("landlock_restrict_self", "landlock_restrict_self", ruleset, 0);
}
