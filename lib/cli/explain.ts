import { hardLinkedGuards } from "../launch/hard_links.ts";
import { starterOf } from "../launch/starter.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import { explainJson, explainText } from "../report/explain.ts";
import type { OtherNames } from "../report/explain_run.ts";
import { parseFlags } from "./flags.ts";
import { prepare } from "./prepare.ts";
import { has } from "./run.ts";

// Only here: it looks at every link of the directories on PATH.
async function namesOf({ allow = [], deny }: RunDecider, searchPath = ""): Promise<OtherNames> {
  const { linkedNames } = await import("../launch/other_names.ts");
  const directories = searchPath.split(":").filter((directory) => directory.startsWith("/"));
  return linkedNames(
    [...allow, ...deny].map(({ path }) => path),
    directories.map((path) => SafePath.of(path)),
  );
}

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
  const explanation = {
    policy,
    plan,
    hardLinked: hardLinkedGuards(plan),
    bwrap: start.args.slice(start.args.indexOf(context.bwrap)),
    ...(plan.run === undefined
      ? {}
      : { programNames: await namesOf(plan.run, plan.environment.get("PATH")) }),
  };
  console.log(has(flags, "json") ? explainJson(explanation) : explainText(explanation));
  return 0;
}
