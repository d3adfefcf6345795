import { SafePath } from "../paths/safe_path.ts";
import { letsOut } from "../policy/external_rules.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { Policy } from "../policy/policy.ts";
import type { HostFacts } from "./host_facts.ts";
import type { FileView } from "./mounts.ts";
import { isPlainVariable } from "./plain_variable.ts";
import type { PlanRequest } from "./plan_request.ts";
import { INSIDE, type Launcher, type Mount, type Plan } from "./plan.ts";
import { stage2Inside, stage2Mounts } from "./stage2_call.ts";

function publishes({ publish = [] }: NetPolicy): boolean {
  return publish.length > 0;
}

/** Whether anything can leave or come in; otherwise no bridge is started. With ports alone the gateway denies all. */
export function network({ net }: Policy): Plan["network"] {
  if (publishes(net)) return "gateway";
  return letsOut(net) ? "gateway" : "none";
}

function socketMounts({ net }: Policy): Mount[] {
  const gateway: Mount = { kind: "socket", target: `${INSIDE}/gateway.sock` };
  return publishes(net) ? [gateway, { kind: "publish-socket", target: `${INSIDE}/publish.sock` }] : [gateway];
}

function runtimeMounts(
  { runtime, ownRuntime }: PlanRequest,
  view: FileView,
): { mounts: Mount[]; call: string[] } {
  const bind = (source: string, target: string): Mount => ({
    kind: "file",
    source,
    target: `${INSIDE}/${target}`,
  });
  const mounts: Mount[] = stage2Mounts(runtime);
  if (runtime.deno === undefined && ownRuntime !== undefined) mounts.push(bind(ownRuntime, "deno"));
  const [loader, ...libraries] = runtime.libraries ?? [];
  if (loader === undefined || (view.shows(SafePath.root) && view.shows(SafePath.of(loader)))) {
    return { mounts, call: [] };
  }
  // Nothing of the host is shown: its loader is called by hand and told where the libraries are.
  const call = [`${INSIDE}/lib/loader`, "--library-path", `${INSIDE}/lib`];
  mounts.push(bind(loader, "lib/loader"));
  for (const library of libraries) {
    mounts.push(bind(library, `lib/${library.slice(library.lastIndexOf("/") + 1)}`));
  }
  return { mounts, call };
}

// `strict` shows the directories that hold it; where a rule hides some of them, libraries are named in the request.
function showsSystem({ runtime }: PlanRequest, { base }: Policy, view: FileView): boolean {
  return view.shows(SafePath.root) || (base === "strict" && runtime.libraries === undefined);
}

/**
 * How the command is started, and what has to be mounted for that: by bubblewrap alone where it can, else by stage2.
 *
 * @param hasOrders Whether stage2 has to do anything beside its usual
 */
export function planLauncher(
  request: PlanRequest,
  policy: Policy,
  view: FileView,
  facts: HostFacts,
  hasOrders: boolean,
): { launcher: Launcher; mounts: Mount[]; runtime?: readonly string[] } {
  const kind = network(policy);
  const plain = [...request.environment.keys()].every(isPlainVariable);
  const named = !(request.command[0] ?? "").includes("=");
  const shown = facts.env !== undefined && showsSystem(request, policy, view) &&
    view.shows(SafePath.of(facts.env));
  const env = shown ? facts.env : undefined;
  const direct = kind === "none" && plain && named && request.stage2 !== true && !hasOrders;
  if (direct && env !== undefined && request.ownRuntime === undefined) {
    return { launcher: { kind: "direct", env }, mounts: [] };
  }
  const { mounts, call } = runtimeMounts(request, view);
  const deno = [...call, `${INSIDE}/deno`];
  if (direct && facts.env !== undefined && request.ownRuntime !== undefined) {
    // It resets the signals from where it is shown, as it may stand nowhere else.
    const env = `${INSIDE}/env`;
    return {
      launcher: { kind: "direct" },
      mounts: [...mounts, { kind: "file", source: facts.env, target: env }],
      runtime: [...call, env, "--default-signal", ...deno],
    };
  }
  return {
    ...(request.ownRuntime === undefined ? {} : { runtime: deno }),
    launcher: { kind: "stage2", ...stage2Inside(request.runtime, call) },
    mounts: [...mounts, ...(kind === "gateway" ? socketMounts(policy) : [])],
  };
}
