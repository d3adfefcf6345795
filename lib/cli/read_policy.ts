import { caBundleOf, type Environment } from "../launch/inspect_host.ts";
import { homeDirectory } from "../launch/home_directory.ts";
import { ownProgram } from "../launch/own_program.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { BuildContext } from "../policy/build_context.ts";
import { expandPresets } from "../policy/expand_presets.ts";
import { checkExternal } from "../policy/external_rules.ts";
import type { Limits } from "../policy/limits.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import { NO_NET, parsePolicy, speaksOfHosts } from "../policy/parse_policy.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicySource } from "../policy/policy_source.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { GivenFlag } from "./flags.ts";
import { flagsToSource } from "./flags_to_source.ts";

/** The rules about hosts, and what goes with them. */
export interface ReadNetPolicy {
  readonly net: NetPolicy;
  /** The whole environment of the caller. */
  readonly caller: Environment;
  /** Real path of the CA certificates that clients are to trust. */
  readonly caBundle?: string;
}

/** The value of the last flag of a name. */
export function lastValue(flags: readonly GivenFlag[], name: string): string | undefined {
  return flags.findLast((flag) => flag.name === name)?.value;
}

/** Where the user stands; getcwd(3) has no links in it. */
export function currentDirectory(): SafePath {
  try {
    return SafePath.of(Deno.cwd());
  } catch (error) {
    throw new TomboloError("usage", "Cannot find the working directory: it has been removed", {
      cause: error,
    });
  }
}

/** What files and flags ask for, in order. */
export async function policySources(
  flags: readonly GivenFlag[],
  cwd: SafePath,
  current: SafePath,
): Promise<PolicySource[]> {
  const files = flags.filter(({ name }) => name === "policy").map(({ value }) => value ?? "");
  const sources: PolicySource[] = [];
  if (files.length > 0) {
    const { loadPolicyFile } = await import("../policy/load_policy_file.ts");
    // A file is named from where the user stands, as in any other program; what it holds starts at the file.
    for (const file of files) {
      sources.push(...loadPolicyFile(SafePath.from(file, current.toString()).toString(), file, "--policy"));
    }
  }
  return [...sources, flagsToSource(flags, cwd.toString())];
}

async function limitsOf(sources: readonly PolicySource[]): Promise<Limits> {
  if (sources.every(({ limits }) => limits === undefined)) return {};
  const { parseLimits } = await import("../policy/parse_limits.ts");
  return parseLimits(sources);
}

/** As buildPolicy, but what parses hosts is loaded only where a rule names any. */
export async function policyOf(sources: readonly PolicySource[], context: BuildContext): Promise<Policy> {
  const expanded = expandPresets(sources, context);
  const limits = await limitsOf(expanded.sources);
  if (!speaksOfHosts(expanded)) return parsePolicy(expanded, context, NO_NET, limits);
  const { netPolicy } = await import("../policy/net_rules.ts");
  return parsePolicy(expanded, context, netPolicy(expanded.sources), limits);
}

/** What texts of a policy are read against. */
export function buildContext(caller: Environment, cwd: SafePath, home: SafePath | undefined): BuildContext {
  const variable = (name: string) =>
    name === "PWD" ? cwd.toString() : name === "HOME" ? home?.toString() : caller[name];
  return { cwd: cwd.toString(), home: home?.toString(), variable };
}

/**
 * What of a policy a proxy without a sandbox needs.
 *
 * @throws {TomboloError} naming the rule and its origin, for anything that cannot be understood
 */
export async function readNetPolicy(flags: readonly GivenFlag[]): Promise<ReadNetPolicy> {
  const { caller } = ownProgram();
  const current = currentDirectory();
  const sources = await policySources(flags, current, current);
  const policy = await policyOf(sources, buildContext(caller, current, homeDirectory(caller["HOME"])));
  checkExternal(policy.net);
  const caBundle = await caBundleOf(policy, Deno.uid());
  return { net: policy.net, caller, ...(caBundle === undefined ? {} : { caBundle }) };
}
