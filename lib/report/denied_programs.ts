import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import { decideRun } from "../policy/decide_run.ts";
import type { DecisionEvent } from "./event.ts";

// Programs whose arguments name another one; of any other, an argument that looks like a program need not be one.
const RUNNERS: ReadonlySet<string> = new Set(
  "chrt doas env ionice nice nohup prlimit setpriv setsid stdbuf strace sudo taskset time timeout xargs"
    .split(" "),
);

function programAt(plan: Plan, word: string): SafePath | undefined {
  if (word === "" || word.startsWith("-") || word.includes("\0") || word.length >= 4096) return undefined;
  const directories = word.includes("/") ? [plan.cwd] : (plan.environment.get("PATH") ?? "").split(":");
  for (const directory of directories) {
    const { real, kind } = resolvePath(SafePath.from(word, SafePath.from(directory, plan.cwd).toString()));
    if (kind === "file") return real;
  }
  return undefined;
}

/**
 * The program that a failed command was to run in its turn (`env NAME`), where the rules deny it. What a shell or a
 * script wanted to run is not seen.
 *
 * @param time RFC 3339 time of the event
 */
export function deniedPrograms(plan: Plan, time: string): DecisionEvent[] {
  const { run, command: [first = "", ...words] } = plan;
  if (run === undefined || !RUNNERS.has(first.split("/").at(-1) ?? "")) return [];
  for (const word of words) {
    const program = programAt(plan, word);
    if (program === undefined) continue;
    const { allowed, ...why } = decideRun(run, program, word);
    if (!allowed) return [{ time, kind: "run", decision: "deny", target: word, ...why }];
    if (!RUNNERS.has(program.name)) return [];
  }
  return [];
}
