import type { SetAside } from "../launch/set_aside.ts";
import type { Plan } from "../plan/plan.ts";
import type { DecisionEvent } from "./event.ts";

/** Which sockets of the host stood open; who connects to them is not seen. */
export function socketEvents({ unix }: Plan, time: string): DecisionEvent[] {
  return unix.map(({ path, text, origin }) => ({
    time,
    kind: "unix",
    decision: "allow",
    target: path.toString(),
    rule: { text, origin },
    reason: "bound in",
  }));
}

/** What has been moved out of the tree at the end. */
export function protectionEvents(setAside: readonly SetAside[], time: string): DecisionEvent[] {
  return setAside.map(({ watch, path }) => ({
    time,
    kind: "protection",
    decision: "deny",
    target: path,
    reason: "set aside",
    rule: { text: watch.rule.text, origin: watch.rule.origin },
  }));
}

/** What a command that failed most likely missed, by its arguments and by the rules. */
export async function failureEvents(plan: Plan, time: string): Promise<DecisionEvent[]> {
  const { deniedArguments, deniedHosts } = await import("./denials.ts");
  const programs = plan.run === undefined
    ? []
    : (await import("./denied_programs.ts")).deniedPrograms(plan, time);
  return [...programs, ...deniedArguments(plan, time), ...deniedHosts(plan, time)];
}
