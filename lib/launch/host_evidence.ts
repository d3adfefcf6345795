import { FIRST_LINES_SCRIPT, linesByName } from "./first_lines.ts";

/** Where tombolo runs, as far as remedies differ. */
export type Place = "host" | "container" | "sandbox" | "wsl1";

/** What is known of a host on which bubblewrap failed. */
export interface HostEvidence {
  readonly place: Place;
  /** Kernel settings by name, as sysctl(8) names them, and `init`, `Seccomp` and `CapPrm`; only what can be read. */
  readonly settings: ReadonlyMap<string, string>;
}

/** What the evidence is gathered with. */
export interface EvidenceSource {
  /** The kernel's release. */
  readonly kernel: string;
  readonly variable: (name: string) => string | undefined;
  readonly exists: (path: string) => boolean;
  readonly settings: ReadonlyMap<string, string>;
}

const NAMESPACES = ["user", "pid", "net", "mnt", "ipc", "uts", "cgroup"];

/** Files of which one line is a setting. */
const SETTINGS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    NAMESPACES.map((kind) => [`user.max_${kind}_namespaces`, `/proc/sys/user/max_${kind}_namespaces`]),
  ),
  "kernel.unprivileged_userns_clone": "/proc/sys/kernel/unprivileged_userns_clone",
  "kernel.apparmor_restrict_unprivileged_userns": "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
  selinux: "/sys/fs/selinux/enforce",
  init: "/proc/1/comm",
};

const READ_SCRIPT = `${FIRST_LINES_SCRIPT}
while read -r key value; do
  case $key in Seccomp: | CapPrm:) echo "\${key%:} $value" ;; esac
done </proc/self/status
`;

/** Reads the kernel settings that bear on namespaces. */
export function readSettings(): Map<string, string> {
  const { stdout } = new Deno.Command("/bin/sh", {
    args: ["-c", READ_SCRIPT, "sh", ...Object.entries(SETTINGS).flat()],
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  return linesByName(stdout);
}

/** Tells from what is known in which kind of place tombolo runs. */
export function hostEvidence({ kernel, variable, exists, settings }: EvidenceSource): HostEvidence {
  const marked = ["/.dockerenv", "/run/.containerenv"].some(exists) ||
    ["container", "KUBERNETES_SERVICE_HOST"].some((name) => variable(name) !== undefined);
  // WSL 2 is a kernel of its own, and calls itself "microsoft".
  const place = kernel.includes("Microsoft")
    ? "wsl1"
    : settings.get("init") === "bwrap"
    ? "sandbox"
    : marked
    ? "container"
    : "host";
  return { place, settings };
}
