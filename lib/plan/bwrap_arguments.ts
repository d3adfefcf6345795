import type { HostFacts } from "./host_facts.ts";
import type { Mount, Plan } from "./plan.ts";

/** Descriptors that the starting shell opens for bubblewrap. */
export const DESCRIPTORS = { seccomp: "9", status: "8", orders: "7" } as const;

/** What keeps the sandbox apart from the host; the probe tries exactly these. */
export const ISOLATION: readonly string[] = [
  "--unshare-user",
  "--unshare-ipc",
  "--unshare-pid",
  "--unshare-net",
  "--unshare-uts",
  "--unshare-cgroup",
  "--die-with-parent",
  "--cap-drop",
  "ALL",
];

/** What stage2 needs for mounts of its own; it gives them up before the command (bwrap(1), --cap-add). */
export const LENT: readonly string[] = ["CAP_SYS_ADMIN", "CAP_SETPCAP"];

function mountArguments(mount: Mount, { masks, socket, publishSocket }: BwrapContext): string[] {
  const { target } = mount;
  switch (mount.kind) {
    case "read":
      return mount.held === undefined
        ? ["--ro-bind", target, target]
        : ["--ro-bind-fd", String(mount.held), target];
    // connect(2) needs the socket's own write permission, not a writable mount.
    case "unix-socket":
      return ["--ro-bind", target, target];
    case "write":
      return mount.held === undefined
        ? ["--bind", target, target]
        : ["--bind-fd", String(mount.held), target];
    case "mask-file":
      return ["--ro-bind", masks.maskFile, target];
    case "mask-directory":
      return ["--ro-bind", masks.maskDirectory, target];
    case "tmpfs":
      return ["--perms", mount.mode, "--tmpfs", target];
    case "file":
      return ["--ro-bind", mount.source, target];
    case "socket":
      return ["--ro-bind", socket, target];
    case "publish-socket":
      return ["--ro-bind", publishSocket, target];
    case "orders":
      return ["--ro-bind-data", DESCRIPTORS.orders, target];
    case "symlink":
      return ["--symlink", mount.source, target];
    case "proc":
      // Most of /proc/sys is the whole machine's, and root's to write without any capability: core_pattern names a
      // program that the kernel runs outside. bubblewrap means to cover it, and looks away where it is root's.
      return ["--proc", target, "--remount-ro", target];
    case "dev":
      return ["--dev", target];
    case "seal":
      return ["--remount-ro", target];
  }
}

/** What of the host the arguments name beside the plan. */
export interface BwrapContext {
  readonly masks: Pick<HostFacts, "maskFile" | "maskDirectory">;
  /** The gateway's unix socket on the host. */
  readonly socket: string;
  /** The unix socket for published ports on the host; made only where there are any. */
  readonly publishSocket: string;
  /** The filter as a file on the host. */
  readonly seccomp: string;
  /** What bubblewrap executes inside. */
  readonly command: readonly string[];
}

/**
 * The arguments of bubblewrap for a plan.
 *
 * @returns Arguments after the program's name
 */
export function bwrapArguments(plan: Plan, context: BwrapContext): string[] {
  const stage2 = plan.launcher.kind === "stage2";
  const filter = stage2 ? ["--ro-bind", context.seccomp, SECCOMP_INSIDE] : ["--seccomp", DESCRIPTORS.seccomp];
  const mounts = plan.mounts.filter(({ kind }) => kind !== "seal");
  const seals = plan.mounts.filter(({ kind }) => kind === "seal");
  const step = (mount: Mount) => mountArguments(mount, context);
  return [
    ...ISOLATION,
    ...(plan.orders.mounts === undefined ? [] : LENT.flatMap((capability) => ["--cap-add", capability])),
    "--json-status-fd",
    DESCRIPTORS.status,
    ...mounts.flatMap(step),
    ...filter,
    ...seals.flatMap(step),
    "--chdir",
    plan.cwd,
    "--",
    ...context.command,
  ];
}

/** Where stage2 finds the filter inside. */
export const SECCOMP_INSIDE = "/run/tombolo/seccomp.bpf";
