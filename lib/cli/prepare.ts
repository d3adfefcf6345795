import { parseBackend } from "../launch/backend.ts";
import { resolveTrusted } from "../launch/gather_facts.ts";
import { requiredHome } from "../launch/home_directory.ts";
import { inspectHost } from "../launch/inspect_host.ts";
import { ownProgram } from "../launch/own_program.ts";
import { type Prepared, prepareRun } from "../launch/prepare_run.ts";
import type { Standby } from "../launch/standby.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Policy } from "../policy/policy.ts";
import type { PolicySource } from "../policy/policy_source.ts";
import { quote } from "../report/escape.ts";
import type { StartTrace } from "../report/start_trace.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { GivenFlag } from "./flags.ts";
import { has } from "./has_flag.ts";
import { buildContext, currentDirectory, lastValue, policyOf, policySources } from "./read_policy.ts";

export type { Prepared } from "../launch/prepare_run.ts";

function workingDirectory(named: string | undefined, current: SafePath, uid: number | null): SafePath {
  if (named === undefined) return current;
  const { real, kind } = resolveTrusted(SafePath.from(named, current.toString()), "working directory", uid);
  if (kind === "directory") return real;
  throw new TomboloError("usage", `Cannot use working directory ${quote(named)}: no such directory`);
}

/** What a plan is prepared for. */
export interface PrepareOptions {
  /** Files of this run that the sandbox must not write: absolute real paths. */
  readonly alsoOwn?: readonly string[];
  /** Whether it is going to be run. */
  readonly runs?: boolean;
  /** What comes before files and flags; told the working directory inside. */
  readonly sources?: (cwd: SafePath) => readonly PolicySource[];
  /** Makes the policy narrower before it is planned; told the working directory inside. */
  readonly narrow?: (policy: Policy, cwd: SafePath) => Policy;
  /** Whether the command will be a program of tombolo's own, for a Deno. */
  readonly needsRuntime?: boolean;
  /** What waits to start the command. */
  readonly standby?: Standby | undefined;
  /** Told when each phase is over. */
  readonly trace?: StartTrace | undefined;
}

/**
 * From flags to a plan: files are read, rules parsed, the host looked at once.
 *
 * @throws {TomboloError} for whatever is wrong; nothing has been started
 */
export async function prepare(
  flags: readonly GivenFlag[],
  command: readonly string[],
  { alsoOwn = [], runs = false, needsRuntime = false, standby, trace, ...options }: PrepareOptions = {},
): Promise<Prepared> {
  const environment = Deno.env.toObject();
  const program = ownProgram();
  const { caller } = program;
  const uid = Deno.uid();
  const named = lastValue(flags, "cwd");
  const current = currentDirectory();
  const cwd = workingDirectory(named, current, uid);
  const home = requiredHome(caller["HOME"]);
  const sources = [...options.sources?.(cwd) ?? [], ...await policySources(flags, cwd, current)];
  const whole = await policyOf(sources, buildContext(caller, cwd, home));
  const policy = options.narrow?.(whole, cwd) ?? whole;
  trace?.mark("policy parsed");
  const host = await inspectHost({
    policy,
    whole,
    program,
    environment,
    caller,
    current,
    home,
    uid,
    backend: parseBackend(lastValue(flags, "backend"), Deno.build.os),
    weaker: { network: has(flags, "weaker-network"), attributes: has(flags, "weaker-attributes") },
    standby,
  });
  trace?.mark("host inspected");
  return await prepareRun(host, {
    command,
    cwd,
    cwdNamed: named !== undefined,
    own: alsoOwn,
    runs,
    needsRuntime,
    throughStage2: program.leaks,
    trace,
  });
}
