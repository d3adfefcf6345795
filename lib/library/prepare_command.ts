import { resolveTrusted } from "../launch/gather_facts.ts";
import { type Prepared, prepareRun, type RunRequest } from "../launch/prepare_run.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { Policy as PolicyRules } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { OpenEnvironment } from "./open_environment.ts";
import type { SpawnOptions } from "./spawn_options.ts";

/** What a command is prepared with. */
export type CommandOptions = Pick<SpawnOptions, "cwd" | "env">;

/** What is to become of a prepared command. */
export type Purpose = Pick<RunRequest, "runs" | "waits" | "streams">;

function workingDirectory(base: string, named: string | URL | undefined): SafePath {
  if (named === undefined) return SafePath.of(base);
  const text = named instanceof URL ? decodeURIComponent(named.pathname) : named;
  const { real, kind } = resolveTrusted(SafePath.from(text, base), "working directory", Deno.uid());
  if (kind === "directory") return real;
  throw new TomboloError("usage", `Cannot use working directory ${quote(text)}: no such directory`);
}

function withVariables(rules: PolicyRules, env: SpawnOptions["env"]): PolicyRules {
  if (env === undefined) return rules;
  for (const [name, value] of Object.entries(env)) {
    if (name !== "" && !/[=\0]/.test(name) && !value.includes("\0")) continue;
    throw new TomboloError("usage", `Cannot set variable ${quote(name)}: its name or value cannot be one`);
  }
  return { ...rules, env: { ...rules.env, set: new Map([...rules.env.set, ...Object.entries(env)]) } };
}

/**
 * Checks the words of a command.
 *
 * @throws {TypeError} where they are none
 */
export function checkCommand(command: readonly string[]): void {
  if (command.length === 0) throw new TypeError("Cannot run a command: it has no words");
  const wrong = command.find((word) => typeof word !== "string" || word.includes("\0"));
  if (wrong === undefined) return;
  throw new TypeError(`Cannot run a command: ${JSON.stringify(wrong)} cannot be one of its words`);
}

/**
 * From a command to a plan. What an earlier command may have changed in the tree is looked at anew: where links lead,
 * repositories and what they have the host run, what patterns match, programs.
 *
 * @throws {TomboloError} for whatever is wrong; nothing has been started
 */
export async function prepareCommand(
  { policy, host, leaks }: OpenEnvironment,
  command: readonly string[],
  { cwd, env }: CommandOptions,
  purpose: Purpose,
): Promise<Prepared> {
  return await prepareRun({ ...host, policy: withVariables(policy.rules(), env) }, {
    command,
    cwd: workingDirectory(policy.cwd, cwd),
    cwdNamed: cwd !== undefined,
    own: [],
    ...purpose,
    throughStage2: leaks,
  });
}
