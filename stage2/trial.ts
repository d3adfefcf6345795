import { dropCapabilities } from "./drop_capabilities.ts";
import { enterDomain } from "./enter_domain.ts";
import { mountLate } from "./mount_late.ts";
import { mustSucceed } from "./must_succeed.ts";
import { openSystemCall } from "./system_call.ts";

/**
 * The trial role: makes a mount of its own, gives the rights for it up and enters a domain, as launch does. Ends with
 * status 0 where this host allows that.
 *
 * @throws {Error} naming the first step that fails
 */
export function trial(): void {
  const call = openSystemCall();
  mountLate(call, { mounts: [{ kind: "read", target: "/usr" }], check: [], cwd: "/" });
  dropCapabilities(call, true);
  enterDomain(call, mustSucceed(call), undefined, true);
}
