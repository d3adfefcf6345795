import { landlockAnswer } from "./landlock_answer.ts";
import { openSystemCall } from "./system_call.ts";

/**
 * The abi role: prints which version of Landlock this kernel has, as JSON: `{"abi":6}`, or `{"abi":0,"errno":38}` where
 * it has none. It changes nothing, so tombolo asks it on the host too.
 */
export function abi(): void {
  const version = landlockAnswer(openSystemCall());
  console.log(JSON.stringify(version >= 0 ? { abi: version } : { abi: 0, errno: -version }));
}
