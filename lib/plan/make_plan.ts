import { SafePath } from "../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";
import { liftProtections } from "../policy/lift_protections.ts";
import type { Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts } from "./host_facts.ts";
import { holdRoots, mountsToCheck } from "./hold_roots.ts";
import { partMounts } from "./late_mounts.ts";
import {
  type LateMount,
  type LaunchOrders,
  MASKS_INSIDE,
  ORDERS_INSIDE,
  ordersText,
} from "./launch_orders.ts";
import { type FileView, planView } from "./mounts.ts";
import { socketNotice } from "../policy/socket_notice.ts";
import {
  executable,
  executableBesideRuntime,
  programProtections,
  runDecider,
  writableProgramNotices,
} from "./plan_programs.ts";
import { INSIDE, type Make, type Mount, type Plan } from "./plan.ts";
import { network, planLauncher } from "./plan_launcher.ts";
import type { HeldLimits } from "./plan_limits.ts";
import type { PlanRequest } from "./plan_request.ts";
import { settleAllRules } from "./settle_rules.ts";
import { refuseOpenSockets, settleSockets } from "./settle_sockets.ts";

const WITHOUT_PROC =
  "no /proc inside: this host lets none be mounted; in a container, start it with --security-opt systempaths=unconfined (Docker) or --security-opt unmask=ALL (Podman)";

/** Deno cannot look there, so that no rule of the user names anything below it. */
const CGROUPS = SafePath.of("/sys/fs/cgroup");

/** Where the command's clients find the CA certificates. */
const CA_BUNDLE = `${INSIDE}/ca.pem`;

function ordersMount(orders: LaunchOrders): Mount[] {
  return ordersText(orders) === undefined ? [] : [{ kind: "orders", target: ORDERS_INSIDE }];
}

// stage2 hides with what bubblewrap hides with.
function maskMounts(late: readonly LateMount[], { maskFile, maskDirectory }: HostFacts): Mount[] {
  const sources = { "mask-file": maskFile, "mask-directory": maskDirectory };
  return (["mask-file", "mask-directory"] as const).filter((kind) =>
    late.some((mount) => mount.kind === kind)
  )
    .map((kind) => ({ kind: "file", source: sources[kind], target: MASKS_INSIDE[kind] }));
}

function limitOrders(held: HeldLimits | undefined): LaunchOrders {
  if (held === undefined || Object.keys(held.byProcess).length === 0) return {};
  return { limits: held.byProcess };
}

// Whoever may write there lifts the limits of the scope; only a rule for everything allows it.
function cgroupMount(held: HeldLimits | undefined, decider: PathDecider): Mount[] {
  if (held?.scope === undefined || !decidePath(decider, "write", CGROUPS).allowed) return [];
  return [{ kind: "read", target: CGROUPS.toString() }];
}

function caBundleMount(source: string | undefined): Mount[] {
  return source === undefined ? [] : [{ kind: "file", source, target: CA_BUNDLE }];
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
 * Policy and host facts in, plan out; nothing is touched.
 *
 * @throws {TomboloError} where the policy cannot be enforced as it is
 */
export function makePlan(policy: Policy, host: HostFacts, request: PlanRequest): Plan {
  const facts = withDeniedPrograms(policy.unprotect.length === 0 ? host : withoutLifted(policy, host));
  const decider = settleAllRules(policy, facts);
  const unix = settleSockets(policy.unix ?? [], decider.read.deny, facts);
  const opened = unix.length > 0;
  const view = planView(policy, decider, facts, {
    allowed: unix,
    ...(opened && facts.sockets ? { bound: facts.sockets } : {}),
  });
  if (opened && facts.sockets) refuseOpenSockets(facts.sockets, view.shows);
  const { held } = request;
  const limits = limitOrders(held);
  const { mounts, late } = partMounts(view.mounts, request.lateMounts);
  const contested = request.lateMounts === "all";
  const check = contested ? mountsToCheck(mounts) : [];
  const cwd = workingDirectory(request, policy, facts, view);
  const { programs } = facts;
  const run = programs && runDecider(programs);
  const list = run && executable(run);
  const started = planLauncher(
    request,
    policy,
    view,
    facts,
    list !== undefined || late.length > 0 || check.length > 0 || limits.limits !== undefined,
  );
  const brought = started.launcher.kind === "stage2" && programs !== undefined;
  const execute = list ??
    (brought ? executableBesideRuntime(policy.run, programs, request.runtime, view.mounts) : undefined);
  const orders: LaunchOrders = {
    ...(execute === undefined ? {} : { execute }),
    ...(check.length === 0 ? {} : { check }),
    ...(late.length === 0 ? {} : { mounts: late, cwd }),
    ...limits,
  };
  const bundle = network(policy) === "gateway" ? request.caBundle : undefined;
  const sealed = facts.privateDirectories.filter((path) => path.toString() !== "/tmp").map(String);
  const seals: Mount[] = view.mounts
    .filter((mount) => mount.kind === "tmpfs" && mount.mode !== "0111" && sealed.includes(mount.target))
    .map(({ target }) => ({ kind: "seal", target }));
  if (!view.mounts.some(({ target }) => target === "/")) seals.push({ kind: "seal", target: "/" });
  return {
    network: network(policy),
    mounts: [
      ...(contested ? holdRoots(mounts, view.isDirectory) : mounts),
      ...started.mounts,
      ...ordersMount(orders),
      ...caBundleMount(bundle),
      ...maskMounts(late, facts),
      ...cgroupMount(held, decider),
      ...seals,
    ],
    cwd,
    command: request.command,
    environment: request.environment,
    launcher: started.launcher,
    ...(started.runtime === undefined ? {} : { runtime: started.runtime }),
    // The command stays in the caller's process group, for the sake of the terminal: kill(0) would reach the caller.
    seccomp: {
      arch: facts.arch,
      allowUnix: opened,
      refuseGroupSignals: true,
      ...(list && { refuseExecutableMemory: true }),
    },
    limits: policy.limits,
    ...(held === undefined ? {} : { held }),
    orders,
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
    ...(bundle === undefined ? {} : { caBundle: CA_BUNDLE }),
    notices: [
      // About the working directory, which another rule may have made writable all the same.
      ...(decidePath(decider, "write", facts.cwd).allowed ? [] : policy.notices),
      ...policy.unprotect.map(({ text }) => `the protection of ${quote(text)} is lifted (--unprotect)`),
      ...programs?.notices ?? [],
      ...(run === undefined ? [] : writableProgramNotices(run, decider)),
      ...(facts.withoutProc === true ? [WITHOUT_PROC] : []),
      ...unix.flatMap(({ path }) => socketNotice(path)),
      ...(facts.notices ?? []),
    ],
  };
}
