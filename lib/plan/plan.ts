import type { Upstream } from "../egress/upstream/upstream.ts";
import type { Confinement } from "./landlock/confinement.ts";
import type { LaunchOrders } from "./launch_orders.ts";
import type { HeldLimits } from "./plan_limits.ts";
import type { SeatbeltRules } from "./seatbelt/seatbelt_rules.ts";
import type { SeccompOptions } from "./seccomp/program.ts";
import type { Stage2Call } from "./stage2_call.ts";
import type { PathDecider, ProtectionRule } from "../policy/decide_path.ts";
import type { RunDecider } from "../policy/decide_run.ts";
import type { Limits } from "../policy/limits.ts";
import type { NetPolicy } from "../policy/net_policy.ts";
import type { PathRule } from "../policy/policy.ts";
import type { Rule } from "../policy/rule.ts";
import type { GlobMatches } from "./host_facts.ts";

/** Directory inside that holds stage2, its runtime and the gateway's socket. */
export const INSIDE = "/run/tombolo";

/** One step of building the view of files, in order. */
export type Mount =
  | {
    readonly kind: "read" | "write";
    readonly target: string;
    /** The descriptor by which the starting shell holds it. */
    readonly held?: number;
  }
  | { readonly kind: "mask-file" | "mask-directory"; readonly target: string }
  | { readonly kind: "tmpfs"; readonly target: string; readonly mode: string }
  | { readonly kind: "file"; readonly source: string; readonly target: string }
  | { readonly kind: "socket" | "publish-socket" | "orders"; readonly target: string }
  | { readonly kind: "unix-socket"; readonly target: string }
  | { readonly kind: "symlink"; readonly source: string; readonly target: string }
  | { readonly kind: "proc" | "dev" | "seal"; readonly target: string };

/** A path that was absent at the start and may not appear. */
export interface Watch {
  readonly path: string;
  readonly rule: Rule | ProtectionRule;
}

/** A directory to make on the host. */
export interface Make {
  readonly path: string;
  /** Who asked for it. */
  readonly origin: string;
}

/** A protected path with something at it, amid what may be written. */
export interface Guard extends Watch {
  /** Which file it was at the start; of a link, where it led. */
  readonly id?: string;
  readonly leadsTo?: string;
}

/** A writable directory in which repositories may appear. */
export interface RepositoryWatch {
  readonly root: string;
  /** Git directories and pointer files that were there before. */
  readonly known: readonly string[];
  /** Whether these are all that there were; otherwise only what has changed since counts as new. */
  readonly isComplete: boolean;
  /** Directories that nobody looks into: of another file system, or with a name that is not UTF-8. */
  readonly beyond: readonly string[];
}

/** How the command is started inside. */
export type Launcher =
  /** bubblewrap loads the filter, `env` resets the signals and executes the command, unless the command does so itself. */
  | { readonly kind: "direct"; readonly env?: string }
  /** `stage2 launch` becomes it, or with a gateway `stage2 start` starts it, by way of these mounts. */
  | Stage2Call & { readonly kind: "stage2" }
  /** `stage2 confine` does it on the host itself, with Landlock, and waits for its end. */
  | { readonly kind: "landlock"; readonly confinement: Confinement }
  /** sandbox-exec does it on macOS, under a profile made of these. */
  | { readonly kind: "seatbelt"; readonly rules: SeatbeltRules };

/** What a backend refuses beyond the policy. */
export interface Hint {
  readonly text: string;
  /** Whether it is worth a line wherever the command fails, or only where the user wants to know all. */
  readonly isLikely: boolean;
}

/** Exactly what will be mounted, masked, passed, filtered and run: plain data. */
export interface Plan {
  readonly network: "none" | "gateway";
  /** With Landlock nothing is mounted: its rules are made from these. */
  readonly mounts: readonly Mount[];
  /** Working directory inside. */
  readonly cwd: string;
  readonly command: readonly string[];
  /** The command's environment, before the proxy variables. */
  readonly environment: ReadonlyMap<string, string>;
  readonly launcher: Launcher;
  /** How the runtime is called inside, where it was asked for. */
  readonly runtime?: readonly string[];
  /** Loaded everywhere but on macOS, which has no such filter. */
  readonly seccomp: SeccompOptions;
  /** What stage2 has to do beside its usual; where this asks for anything, the launcher is stage2. */
  readonly orders: LaunchOrders;
  readonly limits: Limits;
  /** How the kernel holds them; absent where none but wall time is set. */
  readonly held?: HeldLimits;
  /** Directories that are made on the host before the start: missing caches of presets. */
  readonly makes: readonly Make[];
  readonly watch: readonly Watch[];
  /** Rules against writing with a pattern: what matches at the end and did not at the start may not stay. */
  readonly watchGlobs: readonly GlobMatches[];
  /** What must still be the same file at the end: its mount is gone where the host has put another in its place. */
  readonly guards: readonly Guard[];
  /** Where new repositories are looked for at the end. */
  readonly repositories: readonly RepositoryWatch[];
  /** Rules by real path, for reports. */
  readonly decider: PathDecider;
  readonly net: NetPolicy;
  /** Rules about programs by real path; absent where there are none. */
  readonly run?: RunDecider;
  /** Unix sockets of the host that can be reached, by real path. */
  readonly unix: readonly PathRule[];
  /** Other sockets of the host, and directories for gateways, that are hidden because of these. */
  readonly hides: readonly string[];
  /** The proxies that the gateway dials through; absent where it dials directly. */
  readonly upstream?: Upstream;
  /** Where inside the file of CA certificates stands, if there is one. */
  readonly caBundle?: string;
  readonly notices: readonly string[];
  /** What the backend refuses beyond the policy, one sentence each. */
  readonly hints?: readonly Hint[];
}
