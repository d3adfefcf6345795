import { type AttemptId, ATTEMPTS } from "../../lib/verify/attempt_titles.ts";
import type { Trap } from "../../lib/verify/trap.ts";
import { openNumberedCall } from "../system_call.ts";
import { bait } from "./bait.ts";
import { callNumber } from "./call_numbers.ts";
import { FILE_ATTEMPTS } from "./file_attempts.ts";
import { KERNEL_ATTEMPTS } from "./kernel_attempts.ts";
import { NETWORK_ATTEMPTS } from "./network_attempts.ts";
import { PROCESS_ATTEMPTS } from "./process_attempts.ts";
import { errnoName } from "./errno_names.ts";
import type { Attempts, Tools } from "./tools.ts";

const ALL: Attempts = { ...FILE_ATTEMPTS, ...NETWORK_ATTEMPTS, ...PROCESS_ATTEMPTS, ...KERNEL_ATTEMPTS };
const X32_BIT = 0x40000000;

/** The attempt role: tries to get out, and prints a reply for each attempt as a line of JSON. */
function attempt(file: string, self: readonly string[]): void {
  const tools: Tools = {
    call: openNumberedCall(),
    trap: JSON.parse(Deno.readTextFileSync(file)) as Trap,
    self,
  };
  for (const id of Object.keys(ATTEMPTS) as AttemptId[]) {
    const reply = ALL[id]?.(tools);
    if (reply !== undefined) console.log(JSON.stringify({ id, ...reply }));
  }
}

/** The x32 role: one system call in its x32 form, which the filter answers by ending the process. */
function x32(): void {
  const result = openNumberedCall()(callNumber("getpid") | X32_BIT);
  console.log(result >= 0 ? "success" : errnoName(-result));
}

const [role, first = "", ...rest] = Deno.args;
if (role === "attempt") attempt(first, rest);
else if (role === "x32") x32();
else if (role === "bait") await bait(first);
else throw new TypeError("Cannot verify: expected attempt TRAP SELF..., x32 or bait NAME");
