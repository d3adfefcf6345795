import { pin } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

const CAPABILITY_VERSION_3 = 0x20080522;
const PR_CAPBSET_DROP = 24;
const CAP_SETPCAP = 8;
const CAP_SYS_ADMIN = 21;

/** What capset takes to leave none (struct __user_cap_header_struct, and twice struct __user_cap_data_struct). */
export function noCapabilities(): [header: bigint, data: bigint] {
  const header = pin(new Uint8Array(new Uint32Array([CAPABILITY_VERSION_3, 0]).buffer));
  return [header, pin(new Uint8Array(24))];
}

/**
 * Gives every capability up for good; the ambient ones go with the permitted ones (capabilities(7)).
 *
 * @param lent Whether bubblewrap has lent any: they leave the bounding set too, or root would get them back at exec
 * @throws {Error} If one stays; the command must not run then
 */
export function dropCapabilities(call: SystemCall, lent: boolean): void {
  for (const capability of lent ? [CAP_SYS_ADMIN, CAP_SETPCAP] : []) {
    if (call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
      throw new Error(`Cannot give up capability ${capability}`);
    }
  }
  const result = call("capset", ...noCapabilities());
  if (result < 0) throw new Error(`Cannot give up capabilities: errno ${-result}`);
}
