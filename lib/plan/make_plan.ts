import type { Policy } from "../policy/policy.ts";
import type { HostFacts } from "./host_facts.ts";
import { cgroupMount } from "./cgroup_mount.ts";
import { holdRoots, mountsToCheck } from "./hold_roots.ts";
import { partMounts } from "./late_mounts.ts";
import {
  type LateMount,
  type LaunchOrders,
  MASKS_INSIDE,
  ORDERS_INSIDE,
  ordersText,
} from "./launch_orders.ts";
import { executableBesideRuntime } from "./plan_programs.ts";
import { INSIDE, type Mount, type Plan } from "./plan.ts";
import { network, planLauncher } from "./plan_launcher.ts";
import type { PlanRequest } from "./plan_request.ts";
import { commonPlan, settlePlan } from "./settle_plan.ts";

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

function caBundleMount(source: string | undefined): Mount[] {
  return source === undefined ? [] : [{ kind: "file", source, target: CA_BUNDLE }];
}

/**
 * Policy and host facts in, bubblewrap's plan out; nothing is touched.
 *
 * @throws {TomboloError} where the policy cannot be enforced as it is
 */
export function makePlan(policy: Policy, host: HostFacts, request: PlanRequest): Plan {
  const settled = settlePlan(policy, host, request);
  const { facts, decider, view, cwd, limits, executable: list } = settled;
  const { mounts, late } = partMounts(view.mounts, request.lateMounts);
  const contested = request.lateMounts === "all";
  const check = contested ? mountsToCheck(mounts) : [];
  const started = planLauncher(
    request,
    policy,
    view,
    facts,
    list !== undefined || late.length > 0 || check.length > 0 || limits.limits !== undefined,
  );
  const brought = started.launcher.kind === "stage2" && facts.programs !== undefined;
  const execute = list ??
    (brought ? executableBesideRuntime(policy.run, facts.programs, request, view.mounts) : undefined);
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
    ...commonPlan(policy, settled, request),
    network: network(policy),
    mounts: [
      ...(contested ? holdRoots(mounts, view.isDirectory) : mounts),
      ...started.mounts,
      ...ordersMount(orders),
      ...caBundleMount(bundle),
      ...maskMounts(late, facts),
      ...cgroupMount(request.held, decider),
      ...seals,
    ],
    launcher: started.launcher,
    ...(started.runtime === undefined ? {} : { runtime: started.runtime }),
    // The command stays in the caller's process group, for the sake of the terminal: kill(0) would reach the caller.
    seccomp: {
      arch: facts.arch,
      allowUnix: settled.unix.length > 0,
      refuseGroupSignals: true,
      ...(list && { refuseExecutableMemory: true }),
    },
    orders,
    ...(bundle === undefined ? {} : { caBundle: CA_BUNDLE }),
  };
}
