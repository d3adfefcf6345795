import { hardLinkedGuards } from "../launch/hard_links.ts";
import { starterOf } from "../launch/starter.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import { explainJson, explainText, type Explanation } from "../report/explain.ts";
import type { OtherNames } from "../report/explain_run.ts";
import { parseFlags } from "./flags.ts";
import { prepare, type Prepared } from "./prepare.ts";
import { has } from "./has_flag.ts";

// Only here: it looks at every link of the directories on PATH.
async function namesOf({ allow = [], deny }: RunDecider, searchPath = ""): Promise<OtherNames> {
  const { linkedNames } = await import("../launch/other_names.ts");
  const directories = searchPath.split(":").filter((directory) => directory.startsWith("/"));
  return linkedNames(
    [...allow, ...deny].map(({ path }) => path),
    directories.map((path) => SafePath.of(path)),
  );
}

// What bubblewrap would be called with, if it is what would be called.
function bwrapOf(plan: Plan, { bwrap, ...context }: Prepared["context"]): Pick<Explanation, "bwrap"> {
  if (bwrap === undefined) return {};
  const start = starterOf(plan, {
    ...context,
    bwrap,
    socket: "SOCKET",
    publishSocket: "PUBLISH_SOCKET",
    orders: "ORDERS",
    status: "STATUS",
    seccomp: "FILTER",
  });
  return { bwrap: start.args.slice(start.args.indexOf(bwrap)) };
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
  const explanation = {
    policy,
    plan,
    hardLinked: hardLinkedGuards(plan),
    ...bwrapOf(plan, context),
    ...(plan.run === undefined
      ? {}
      : { programNames: await namesOf(plan.run, plan.environment.get("PATH")) }),
  };
  console.log(has(flags, "json") ? explainJson(explanation) : explainText(explanation));
  return 0;
}
