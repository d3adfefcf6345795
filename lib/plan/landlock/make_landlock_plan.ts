import type { Policy } from "../../policy/policy.ts";
import { quote } from "../../report/escape.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { cgroupMount } from "../cgroup_mount.ts";
import type { HostFacts } from "../host_facts.ts";
import type { Hint, Plan } from "../plan.ts";
import { network } from "../plan_launcher.ts";
import type { PlanRequest } from "../plan_request.ts";
import { commonPlan, settlePlan } from "../settle_plan.ts";
import type { Access, LandlockRule, Snapshot } from "./confinement.ts";
import { OLDEST_SCOPE_VERSION } from "./control.ts";
import { landlockRules } from "./landlock_rules.ts";
import { landlockObstacle, type Weaker } from "./obstacle.ts";
import type { Entries } from "./open_trees.ts";

/** What to run, and what Landlock needs to know beside. */
export interface LandlockRequest extends PlanRequest {
  /** The version that the kernel has. */
  readonly version: number;
  readonly weaker: Weaker;
  readonly entriesOf: Entries;
  /** Where the command's own directory for temporary files is going to be made. */
  readonly temporary: string;
}

const MOST_NAMED = 3;

// Each takes the start some microseconds; a tree of 100,000 files with a denied one in every directory has as many.
const MOST_RULES = 200_000;

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, MOST_NAMED).map(quote).join(", ");
  return paths.length > MOST_NAMED ? `${shown} and ${paths.length - MOST_NAMED} more` : shown;
}

// What is held less well than in namespaces is said before the command starts.
function notices({ weaker, version }: LandlockRequest, hasGateway: boolean): string[] {
  return [
    ...(weaker.attributes
      ? ["modes, owners, times and attributes of all files of this user can be changed (--weaker-attributes)"]
      : []),
    ...(version < OLDEST_SCOPE_VERSION
      ? [
        `the command can signal other processes of this user: Landlock of version ${version} does not hold signals, that of Linux 6.12 does`,
      ]
      : []),
    ...(hasGateway
      ? ["the same TCP port as the gateway's can be reached on any machine (--weaker-network)"]
      : []),
  ];
}

function hints({ weaker }: LandlockRequest, snapshots: readonly Snapshot[]): Hint[] {
  const closed = snapshots.filter(({ access }) => access === "write").map(({ path }) => path);
  return [
    ...(closed.length === 0 ? [] : [{
      text: `Landlock lets nothing be made, renamed or removed directly in ${
        named(closed)
      }, as something in there is protected; --unprotect lifts a protection`,
      isLikely: true,
    }]),
    ...(weaker.attributes ? [] : [{
      text:
        "Landlock cannot confine chmod, chown, setxattr and the like, so they are refused; --weaker-attributes allows them, of every file of this user",
      isLikely: false,
    }]),
  ];
}

// The command's own directory, and what its clients need of tombolo's.
function ownRules(
  request: LandlockRequest,
  list: readonly string[] | undefined,
  bundle?: string,
): LandlockRule[] {
  const all: readonly Access[] = ["read", "write"];
  return [
    { path: request.temporary, access: list === undefined ? [...all, "execute"] : all },
    ...(bundle === undefined ? [] : [{ path: bundle, access: ["read"] as const }]),
  ];
}

function refuseTooMany(rules: readonly LandlockRule[]): void {
  if (rules.length <= MOST_RULES) return;
  throw new TomboloError(
    "policy",
    `Cannot guard what is denied: it lies among so much else that Landlock would need ${rules.length} rules, and ${MOST_RULES} is the most`,
    { remedy: "deny the directories that hold it" },
  );
}

// Programs find it by this name; one that the user has set stays.
function withTemporary(
  policy: Policy,
  environment: Plan["environment"],
  temporary: string,
): Plan["environment"] {
  return policy.env.set.has("TMPDIR") ? environment : new Map([...environment, ["TMPDIR", temporary]]);
}

/**
 * Policy and host facts in, Landlock's plan out; nothing is touched.
 *
 * @throws {TomboloError} where Landlock cannot enforce the policy as it is
 */
export function makeLandlockPlan(policy: Policy, host: HostFacts, request: LandlockRequest): Plan {
  const obstacle = landlockObstacle(policy, request.version, request.weaker);
  if (obstacle !== undefined) {
    const { wrong, remedy } = obstacle;
    throw new TomboloError("sandbox", `Cannot enforce the policy with Landlock: ${wrong}`, {
      remedy: `${remedy}, or use bubblewrap`,
    });
  }
  const settled = settlePlan(policy, host, request);
  const { view, executable: list, limits, facts } = settled;
  const mounts = [...view.mounts, ...cgroupMount(request.held, settled.decider)];
  const found = landlockRules(mounts, request.entriesOf, list);
  const kind = network(policy);
  const bundle = kind === "gateway" ? request.caBundle : undefined;
  const rules = [...found.rules, ...ownRules(request, list, bundle)];
  refuseTooMany(rules);
  const common = commonPlan(policy, settled, request);
  return {
    ...common,
    network: kind,
    mounts,
    environment: withTemporary(policy, request.environment, request.temporary),
    launcher: {
      kind: "landlock",
      confinement: { rules, snapshots: found.snapshots, temporary: request.temporary },
    },
    seccomp: {
      arch: facts.arch,
      allowUnix: false,
      refuseGroupSignals: true,
      ...(list && { refuseExecutableMemory: true }),
      withoutNamespaces: { inet: kind === "gateway" ? "tcp" : "none", attributes: request.weaker.attributes },
    },
    orders: limits,
    ...(request.ownRuntime === undefined ? {} : { runtime: [request.ownRuntime] }),
    ...(bundle === undefined ? {} : { caBundle: bundle }),
    notices: [...common.notices, ...notices(request, kind === "gateway")],
    hints: hints(request, found.snapshots),
  };
}
