import type { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import { liftProtections } from "../policy/lift_protections.ts";
import type { PathRule, Policy } from "../policy/policy.ts";
import { socketNotice } from "../policy/socket_notice.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";
import type { LaunchOrders } from "./launch_orders.ts";
import { type FileView, planView } from "./mounts.ts";
import type { Make, Plan } from "./plan.ts";
import type { HeldLimits } from "./plan_limits.ts";
import { executable, programProtections, runDecider, writableProgramNotices } from "./plan_programs.ts";
import type { PlanRequest } from "./plan_request.ts";
import { settleAllRules } from "./settle_rules.ts";
import { refuseOpenSockets, settleSockets } from "./settle_sockets.ts";

/** What a policy means on this host, whichever backend enforces it. */
export interface SettledPlan {
  readonly facts: HostFacts;
  readonly decider: PathDecider;
  /** Unix sockets that can be reached, by real path. */
  readonly unix: readonly PathRule[];
  readonly view: FileView;
  readonly run: RunDecider | undefined;
  /** The only files that may be executed, where there is a list. */
  readonly executable: readonly string[] | undefined;
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

function makesOf(decider: PathDecider, { makes = [] }: HostFacts): Make[] {
  return decider.write.allow.filter(({ path }) =>
    makes.includes(path.toString()) && decidePath(decider, "write", path).allowed
  ).map(({ path, origin }) => ({ path: path.toString(), origin }));
}

function workingDirectory(request: PlanRequest, policy: Policy, facts: HostFacts, view: FileView): string {
  const own = facts.privateDirectories.some((path) => path.equals(facts.cwd));
  if (own || view.shows(facts.cwd)) return facts.cwd.toString();
  if (request.cwdNamed || policy.base !== "none") {
    throw new TomboloError(
      "policy",
      `Cannot use working directory ${quote(facts.cwd.toString())}: the policy does not let it be read`,
      {
        remedy: `allow it: --allow-read=${facts.cwd}`,
      },
    );
  }
  return "/";
}

// What the user denies is no protection that --unprotect could lift.
function withDeniedPrograms(facts: HostFacts): HostFacts {
  if (facts.programs === undefined) return facts;
  return { ...facts, protections: [...facts.protections, ...programProtections(facts.programs)] };
}

function withoutLifted(policy: Policy, facts: HostFacts): HostFacts {
  const at = (path: SafePath) => facts.resolved.get(path.toString());
  for (const { text, origin, path } of policy.unprotect) {
    const planted = at(path)?.links.find((link) => !facts.trustedLinks.has(link.toString()));
    if (planted === undefined) continue;
    throw new TomboloError(
      "policy",
      `Cannot unprotect ${quote(text)} (${origin}): ${quote(planted.toString())} is a symbolic link to ${
        quote(at(path)?.real.toString() ?? "")
      }`,
      { remedy: "name the target itself" },
    );
  }
  const real = (path: SafePath) => at(path)?.real ?? path;
  return { ...facts, protections: liftProtections(facts.protections, policy.unprotect, real) };
}

/**
 * Settles the rules of a policy on what the host holds; nothing is touched.
 *
 * @throws {TomboloError} where the policy cannot be enforced as it is
 */
export function settlePlan(policy: Policy, host: HostFacts, request: PlanRequest): SettledPlan {
  const facts = withDeniedPrograms(policy.unprotect.length === 0 ? host : withoutLifted(policy, host));
  const decider = settleAllRules(policy, facts);
  const unix = settleSockets(policy.unix ?? [], decider.read.deny, facts);
  const opened = unix.length > 0;
  const view = planView(policy, decider, facts, {
    allowed: unix,
    ...(opened && facts.sockets ? { bound: facts.sockets } : {}),
  });
  if (opened && facts.sockets) refuseOpenSockets(facts.sockets, view.shows);
  const run = facts.programs && runDecider(facts.programs);
  return {
    facts,
    decider,
    unix,
    view,
    run,
    executable: run && executable(run),
    cwd: workingDirectory(request, policy, facts, view),
    limits: limitOrders(request.held),
  };
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
export function commonPlan(policy: Policy, settled: SettledPlan, request: PlanRequest): CommonPlan {
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
