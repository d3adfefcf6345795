import { type ProfileContext, seatbeltProfile } from "../plan/seatbelt/profile.ts";
import type { Plan } from "../plan/plan.ts";
import type { SeatbeltRules } from "../plan/seatbelt/seatbelt_rules.ts";
import { escape } from "./escape.ts";

/** What is known only at the start. */
const CONTEXT: ProfileContext = { temporary: "/private/tmp/tombolo-RANDOM", port: 1 };

/** The profile that sandbox-exec would get, and what its parameters stand for. */
export function seatbeltLines(plan: Plan, rules: SeatbeltRules): string[] {
  const { text, parameters } = seatbeltProfile({ ...plan, rules }, CONTEXT);
  const lines = text.replace('"localhost:1"', '"localhost:PORT"').split("\n").filter((line) => line !== "");
  return [
    "profile for sandbox-exec; of the rules about one path the last decides:",
    ...lines.map((line) => `  ${line}`),
    "its parameters:",
    ...Array.from(parameters, ([key, value]) => `  ${key}=${escape(value)}`),
  ];
}
