import { ERRNO } from "./errno.ts";
import { PathOpening } from "./open_path.ts";
import { addressOf } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

/** Numbers of linux/landlock.h that every domain is made from. */
export const LANDLOCK = {
  RULE_PATH_BENEATH: 1,
  RULE_NET_PORT: 2,
  EXECUTE: 1n,
  REFER: 1n << 13n,
  /** SCOPE_ABSTRACT_UNIX_SOCKET and SCOPE_SIGNAL. */
  SCOPES: 3n,
} as const;

/** Size of struct landlock_ruleset_attr: handled_access_fs, handled_access_net, scoped. Older kernels take zeros beyond theirs. */
export const RULESET_SIZE = 24;

/** What is not there, not to be reached, or has become a link since the plan was made is not allowed: nothing is lost. */
const SKIPPED: readonly number[] = [ERRNO.ENOENT, ERRNO.EACCES, ERRNO.ENOTDIR, ERRNO.ELOOP];

// Buffers that are used again for every rule: there may be a hundred thousand.
const OPENING = new PathOpening();
// struct landlock_path_beneath_attr, packed: u64 of rights, s32 descriptor.
const BENEATH = new BigUint64Array(new ArrayBuffer(16));

/**
 * Allows something at a path and below it, if it is there.
 *
 * @param rights What is allowed
 * @param ofFiles What of that makes sense of a file that is no directory; the kernel refuses the rest there (EINVAL)
 * @param failure What is said where the kernel refuses it
 * @throws {Error} where it does
 */
export function allowBeneath(
  call: SystemCall,
  ruleset: number,
  path: string,
  { rights, ofFiles = rights, failure }: {
    readonly rights: bigint;
    readonly ofFiles?: bigint;
    readonly failure: string;
  },
): void {
  const opened = call(...OPENING.of(path));
  if (opened < 0) {
    if (SKIPPED.includes(-opened)) return;
    throw new Error(`${failure}: errno ${-opened}`);
  }
  const add = (allowed: bigint) => {
    BENEATH[0] = allowed;
    BENEATH[1] = BigInt(opened);
    return call("landlock_add_rule", ruleset, LANDLOCK.RULE_PATH_BENEATH, addressOf(BENEATH), 0);
  };
  let result = add(rights);
  if (result === -ERRNO.EINVAL && ofFiles !== rights) result = add(ofFiles);
  call("close", opened);
  if (result < 0) throw new Error(`${failure}: landlock_add_rule: errno ${-result}`);
}
