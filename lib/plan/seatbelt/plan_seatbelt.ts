import type { RunDecider } from "../../policy/decide_run.ts";
import type { Policy } from "../../policy/policy.ts";
import { quote } from "../../report/escape.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import type { HostFacts } from "../host_facts.ts";
import type { Plan } from "../plan.ts";
import { network } from "../plan_launcher.ts";
import type { PlanRequest } from "../plan_request.ts";
import { commonPlan } from "../settle_plan.ts";
import { settlePolicy } from "../settle_policy.ts";
import { workingDirectory } from "../working_directory.ts";
import { fileRules } from "./file_rules.ts";
import { seatbeltLimits } from "./seatbelt_limits.ts";
import type { ExecRules } from "./seatbelt_rules.ts";
import { isShellVariable } from "./shell_variable.ts";

const TRUSTD =
  "trustd may be spoken to (--allow-trustd): it runs outside of the sandbox and fetches from hosts that a certificate names, past the gateway";

// There is no network of the sandbox's own whose ports could be led out.
function refusePublished({ net: { publish = [] } }: Policy): void {
  const [rule] = publish;
  if (rule === undefined) return;
  throw new TomboloError(
    "policy",
    `Cannot publish ${quote(rule.text)} (${rule.origin}): the Seatbelt backend lets nothing inside listen`,
    { remedy: "leave it out" },
  );
}

// Its runtime and its program would have to be shown, and its socket be connected to.
function refuseOwnProgram({ ownRuntime }: Pick<PlanRequest, "ownRuntime">): void {
  if (ownRuntime === undefined) return;
  throw new TomboloError("sandbox", "Cannot confine the filesystem worker with Seatbelt", {
    remedy: "run it on Linux, in a virtual machine",
  });
}

function execRules(run: RunDecider | undefined): ExecRules {
  const { allow, deny } = run ?? { deny: [] };
  return {
    ...(allow === undefined ? {} : { allow: allow.map(({ path }) => path) }),
    deny: deny.map(({ path }) => path),
  };
}

interface Variables {
  readonly environment: ReadonlyMap<string, string>;
  /** Names of those that cannot pass through the starting shell. */
  readonly leftOut: readonly string[];
}

function variables(environment: PlanRequest["environment"]): Variables {
  const entries = [...environment];
  return {
    environment: new Map(entries.filter(([name]) => isShellVariable(name))),
    leftOut: entries.map(([name]) => name).filter((name) => !isShellVariable(name) && name !== "_"),
  };
}

function leftOutNotice({ leftOut }: Variables): string[] {
  if (leftOut.length === 0) return [];
  const names = leftOut.map((name) => quote(name)).join(", ");
  return [`not passed on, because the shell that starts the sandbox cannot hold them: ${names}`];
}

/**
 * Policy and host facts in, plan for Seatbelt out; nothing is touched.
 *
 * @throws {TomboloError} where the policy cannot be enforced as it is
 */
export function planSeatbelt(
  policy: Policy,
  host: HostFacts,
  request: Pick<PlanRequest, "command" | "environment" | "cwdNamed" | "caBundle" | "ownRuntime">,
): Plan {
  refusePublished(policy);
  refuseOwnProgram(request);
  const settled = settlePolicy(policy, host);
  const { facts, decider, unix, run } = settled;
  const { watch, guards, shows, ...files } = fileRules(policy, decider, facts);
  const cwd = workingDirectory(request, policy, facts, shows);
  const passed = variables(request.environment);
  const common = commonPlan(policy, { ...settled, view: { watch, guards, hides: [] }, cwd }, {
    command: request.command,
    environment: passed.environment,
  });
  const kind = network(policy);
  const bundle = kind === "gateway" ? request.caBundle : undefined;
  return {
    ...common,
    network: kind,
    mounts: [],
    launcher: {
      kind: "seatbelt",
      rules: {
        files,
        exec: execRules(run),
        trustd: policy.trustd !== undefined,
        limits: seatbeltLimits(policy.limits),
      },
    },
    seccomp: { arch: facts.arch, allowUnix: unix.length > 0, refuseGroupSignals: false },
    orders: {},
    ...(bundle === undefined ? {} : { caBundle: bundle }),
    notices: [
      ...common.notices,
      ...(policy.trustd === undefined ? [] : [TRUSTD]),
      ...leftOutNotice(passed),
    ],
  };
}
