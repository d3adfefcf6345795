import { starterOf } from "../launch/starter.ts";
import { explainJson, explainText } from "../report/explain.ts";
import { parseFlags } from "./flags.ts";
import { prepare } from "./prepare.ts";
import { has } from "./run.ts";

/**
 * `tombolo explain`: the effective policy and the plan; nothing runs.
 *
 * @param args Arguments after the command's name
 * @returns The exit status
 */
export async function explain(args: readonly string[]): Promise<number> {
  const { flags, command } = parseFlags(args);
  if (has(flags, "help")) return (await import("./help.ts")).printHelp("explain");
  const { policy, plan, context } = await prepare(flags, command);
  const start = starterOf(plan, {
    ...context,
    socket: "SOCKET",
    publishSocket: "PUBLISH_SOCKET",
    orders: "ORDERS",
    status: "STATUS",
    seccomp: "FILTER",
  });
  const explanation = { policy, plan, bwrap: start.args.slice(start.args.indexOf(context.bwrap)) };
  console.log(has(flags, "json") ? explainJson(explanation) : explainText(explanation));
  return 0;
}
