import { decidePath } from "../policy/decide_path.ts";
import type { Policy } from "../policy/policy.ts";
import { socketNotice } from "../policy/socket_notice.ts";
import { quote } from "../report/escape.ts";
import type { HostFacts } from "./host_facts.ts";
import type { LaunchOrders } from "./launch_orders.ts";
import { type FileView, planView } from "./mounts.ts";
import { makesOf } from "./makes_of.ts";
import type { Plan } from "./plan.ts";
import type { HeldLimits } from "./plan_limits.ts";
import { writableProgramNotices } from "./plan_programs.ts";
import type { PlanRequest } from "./plan_request.ts";
import { refuseTrustd } from "./refuse_trustd.ts";
import { type SettledPolicy, settlePolicy } from "./settle_policy.ts";
import { refuseOpenSockets } from "./settle_sockets.ts";
import { workingDirectory } from "./working_directory.ts";

/** What a policy means on this host, where a view of files is made of it. */
export interface SettledPlan extends SettledPolicy {
  readonly view: FileView;
  readonly cwd: string;
  /** Limits that are set by process. */
  readonly limits: Pick<LaunchOrders, "limits">;
}

const WITHOUT_PROC =
  "no /proc inside: this host lets none be mounted; in a container, start it with --security-opt systempaths=unconfined (Docker) or --security-opt unmask=ALL (Podman)";

function limitOrders(held: HeldLimits | undefined): LaunchOrders {
  if (held === undefined || Object.keys(held.byProcess).length === 0) return {};
  return { limits: held.byProcess };
}

/**
 * Settles the rules of a policy on what the host holds; nothing is touched.
 *
 * @throws {TomboloError} where the policy cannot be enforced as it is
 */
export function settlePlan(policy: Policy, host: HostFacts, request: PlanRequest): SettledPlan {
  refuseTrustd(policy);
  const settled = settlePolicy(policy, host);
  const { facts, decider, unix } = settled;
  const opened = unix.length > 0;
  const view = planView(policy, decider, facts, {
    allowed: unix,
    ...(opened && facts.sockets ? { bound: facts.sockets } : {}),
  });
  if (opened && facts.sockets) refuseOpenSockets(facts.sockets, view.shows);
  return {
    ...settled,
    view,
    cwd: workingDirectory(request, policy, facts, view.shows),
    limits: limitOrders(request.held),
  };
}

/** What the part of a plan is made from that is the same for every backend. */
export interface CommonParts extends SettledPolicy {
  readonly view: Pick<FileView, "watch" | "guards" | "hides">;
  readonly cwd: string;
}

/** What of a plan is the same for every backend. */
export type CommonPlan = Omit<
  Plan,
  "network" | "mounts" | "launcher" | "seccomp" | "orders" | "runtime" | "caBundle"
>;

/**
 * The part of a plan that is the same for every backend.
 *
 * @param policy The policy that has been settled
 * @param settled What it means here
 */
export function commonPlan(
  policy: Policy,
  settled: CommonParts,
  request: Pick<PlanRequest, "command" | "environment" | "held">,
): CommonPlan {
  const { facts, decider, unix, view, run, cwd } = settled;
  const { held } = request;
  return {
    cwd,
    command: request.command,
    environment: request.environment,
    limits: policy.limits,
    ...(held === undefined ? {} : { held }),
    makes: makesOf(decider, facts),
    watch: view.watch,
    watchGlobs: facts.globs.filter(({ rule }) => policy.write.deny.includes(rule)),
    guards: view.guards,
    repositories: facts.repositories ?? [],
    decider,
    net: policy.net,
    ...(run === undefined ? {} : { run }),
    unix,
    hides: view.hides,
    notices: [
      // About the working directory, which another rule may have made writable all the same.
      ...(decidePath(decider, "write", facts.cwd).allowed ? [] : policy.notices),
      ...policy.unprotect.map(({ text }) => `the protection of ${quote(text)} is lifted (--unprotect)`),
      ...facts.programs?.notices ?? [],
      ...(run === undefined ? [] : writableProgramNotices(run, decider)),
      ...(facts.withoutProc === true ? [WITHOUT_PROC] : []),
      ...unix.flatMap(({ path }) => socketNotice(path)),
      ...(facts.notices ?? []),
    ],
  };
}
