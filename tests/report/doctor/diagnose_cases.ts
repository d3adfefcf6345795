import { type BwrapFacts, type DoctorFacts, isTrouble } from "../../../lib/report/doctor/doctor_facts.ts";
import type { Finding } from "../../../lib/report/doctor/finding.ts";
import { HEALTHY } from "./facts.ts";

function bwrapOf({ bwrap }: DoctorFacts): BwrapFacts {
  if (isTrouble(bwrap)) throw new TypeError("Cannot use these facts: no bubblewrap");
  return bwrap;
}

const bwrap = bwrapOf(HEALTHY);
const settings = (entries: Readonly<Record<string, string>>): Pick<DoctorFacts, "evidence"> => ({
  evidence: { place: "host", settings: new Map(Object.entries(entries)) },
});

const REFUSED = { wrong: "Cannot build the sandbox: user namespaces are refused", remedy: "allow them" };
const NO_BWRAP = {
  wrong: "Cannot find bwrap: no system directory on PATH holds it",
  remedy: "apt install bubblewrap",
};

const WITHOUT_LANDLOCK: Pick<DoctorFacts, "landlock"> = { landlock: { abi: 0, errno: 38 } };

/** What differs from the healthy host, what is found then, and whether a sandbox can still be built in full. */
export const CASES: readonly {
  readonly name: string;
  readonly change: Partial<DoctorFacts>;
  readonly finding: Partial<Finding> & Pick<Finding, "id" | "status">;
  readonly found?: RegExp;
  readonly cost?: RegExp;
  readonly remedy?: RegExp;
  readonly full: boolean;
}[] = [
  {
    name: "a machine that the filter does not know",
    change: { arch: "riscv64" },
    finding: { id: "kernel", status: "missing" },
    cost: /no sandbox/,
    remedy: /x86_64 or aarch64/,
    full: false,
  },
  {
    name: "WSL 1",
    change: { ...WITHOUT_LANDLOCK, kernel: "4.4.0-19041-Microsoft", probe: REFUSED },
    finding: { id: "wsl", status: "missing", value: 1 },
    remedy: /wsl --set-version DISTRIBUTION 2/,
    full: false,
  },
  {
    name: "WSL 2",
    change: { kernel: "5.15.90.1-microsoft-standard-WSL2" },
    finding: { id: "wsl", status: "ok", value: 2 },
    full: true,
  },
  {
    name: "a devcontainer in Docker",
    change: { surroundings: { variables: { REMOTE_CONTAINERS: "true" }, files: ["/.dockerenv"] } },
    finding: { id: "container", status: "ok", found: "in devcontainer, in Docker" },
    full: true,
  },
  {
    name: "security modules that only their traces tell of",
    change: { securityModules: { names: ["landlock"], listed: false } },
    finding: { id: "security-modules", status: "ok" },
    found: /^landlock \(by what they leave/,
    full: true,
  },
  {
    name: "a kernel without Landlock",
    change: { landlock: { abi: 0, errno: 38 } },
    finding: { id: "landlock", status: "missing", value: 0 },
    cost: /no --allow-run=PROGRAM/,
    remedy: /CONFIG_SECURITY_LANDLOCK/,
    full: true,
  },
  {
    name: "Landlock that is switched off",
    change: { landlock: { abi: 0, errno: 95 } },
    finding: { id: "landlock", status: "missing", value: 0 },
    remedy: /lsm=landlock/,
    full: true,
  },
  {
    name: "a filter that refuses Landlock",
    change: { landlock: { abi: 0, errno: 1 } },
    finding: { id: "landlock", status: "missing" },
    found: /filter of system calls refuses it \(errno 1\)/,
    remedy: /seccomp=unconfined/,
    full: true,
  },
  {
    name: "stage2 that does not run",
    change: { landlock: { wrong: "Cannot ask", remedy: "start tombolo with bin/tombolo" } },
    finding: {
      id: "landlock",
      status: "missing",
      found: "Cannot ask",
      remedy: "start tombolo with bin/tombolo",
    },
    full: true,
  },
  {
    name: "user namespaces that are switched off",
    change: {
      ...WITHOUT_LANDLOCK,
      ...settings({ "user.max_user_namespaces": "0" }),
      probe: REFUSED,
      userNamespace: "refused",
    },
    finding: { id: "user-namespaces", status: "missing", value: false },
    found: /user\.max_user_namespaces is 0/,
    remedy: /sysctl -w user\.max_user_namespaces=15000/,
    full: false,
  },
  {
    name: "Debian's switch for user namespaces",
    change: {
      ...WITHOUT_LANDLOCK,
      ...settings({ "kernel.unprivileged_userns_clone": "0" }),
      probe: REFUSED,
      userNamespace: "refused",
    },
    finding: { id: "user-namespaces", status: "missing", value: false },
    remedy: /sysctl -w kernel\.unprivileged_userns_clone=1/,
    full: false,
  },
  {
    name: "user namespaces that are refused for a reason that only bubblewrap tells",
    change: { ...WITHOUT_LANDLOCK, probe: REFUSED, userNamespace: "refused" },
    finding: { id: "user-namespaces", status: "missing", found: "refused", remedy: REFUSED.remedy },
    full: false,
  },
  {
    name: "AppArmor that restricts user namespaces",
    change: {
      ...WITHOUT_LANDLOCK,
      ...settings({ "kernel.apparmor_restrict_unprivileged_userns": "1" }),
      probe: REFUSED,
    },
    finding: { id: "apparmor", status: "missing", remedy: REFUSED.remedy },
    full: false,
  },
  {
    name: "AppArmor that restricts those of others than bwrap",
    change: settings({ "kernel.apparmor_restrict_unprivileged_userns": "1" }),
    finding: { id: "apparmor", status: "ok" },
    found: /but not those of bwrap/,
    full: true,
  },
  {
    name: "AppArmor that restricts nothing",
    change: settings({ profile: "snap.code (enforce)" }),
    finding: { id: "apparmor", status: "ok" },
    found: /profile snap\.code \(enforce\)/,
    full: true,
  },
  {
    name: "no bubblewrap",
    change: { ...WITHOUT_LANDLOCK, bwrap: NO_BWRAP, probe: undefined },
    finding: { id: "bwrap", status: "missing", found: NO_BWRAP.wrong, remedy: NO_BWRAP.remedy },
    full: false,
  },
  {
    name: "a setuid bubblewrap",
    change: {
      ...WITHOUT_LANDLOCK,
      bwrap: { wrong: 'Cannot use "/usr/bin/bwrap": it is setuid', remedy: "chmod u-s /usr/bin/bwrap" },
      probe: undefined,
    },
    finding: { id: "bwrap", status: "missing", remedy: "chmod u-s /usr/bin/bwrap" },
    full: false,
  },
  {
    name: "a bubblewrap that says no version",
    change: { bwrap: { ...bwrap, version: undefined } },
    finding: { id: "bwrap", status: "warning" },
    remedy: /bwrap --version/,
    full: true,
  },
  {
    name: "a bubblewrap before 0.12 that nobody has patched",
    change: { bwrap: { ...bwrap, version: "0.11.2" } },
    finding: { id: "bwrap-advisory", status: "warning", value: "CVE-2026-87766" },
    remedy: /install bubblewrap 0\.12\.0 or later/,
    full: true,
  },
  {
    name: "an old bubblewrap without what every start uses",
    change: {
      ...WITHOUT_LANDLOCK,
      bwrap: { ...bwrap, options: bwrap.options.filter((option) => option !== "--perms") },
      probe: REFUSED,
    },
    finding: { id: "bwrap-options", status: "missing", value: ["--perms"] },
    remedy: /0\.5 or later/,
    full: false,
  },
  {
    name: "a bubblewrap without --bind-fd",
    change: { bwrap: { ...bwrap, options: bwrap.options.filter((option) => !/bind-fd/.test(option)) } },
    finding: { id: "bwrap-options", status: "warning", value: ["--bind-fd", "--ro-bind-fd"] },
    remedy: /0\.10 or later/,
    full: true,
  },
  {
    name: "a bubblewrap that fails",
    change: { ...WITHOUT_LANDLOCK, probe: REFUSED },
    finding: {
      id: "bubblewrap",
      status: "missing",
      found: REFUSED.wrong,
      remedy: REFUSED.remedy,
      value: false,
    },
    full: false,
  },
  {
    name: "no fresh /proc",
    change: { probe: { env: true, proc: false } },
    finding: { id: "proc", status: "warning", value: false },
    cost: /empty \/proc/,
    remedy: /systempaths=unconfined/,
    full: true,
  },
  {
    name: "no env that resets signals",
    change: { probe: { env: false, proc: true } },
    finding: { id: "env", status: "warning" },
    remedy: /coreutils 8\.31/,
    full: true,
  },
  {
    name: "no delegated control group for memory",
    change: { scopes: { ...HEALTHY.scopes, memory: { missing: "not delegated to this user" } } },
    finding: { id: "cgroup-memory", status: "warning", found: "not delegated to this user", value: false },
    cost: /--max-memory bounds each process/,
    remedy: /Delegate=yes/,
    full: true,
  },
  {
    name: "control groups of version 1",
    change: {
      scopes: { ...HEALTHY.scopes, memory: { missing: "this host has no cgroup v2 hierarchy alone" } },
    },
    finding: { id: "cgroup-memory", status: "warning" },
    remedy: /systemd\.unified_cgroup_hierarchy=1/,
    full: true,
  },
  {
    name: "root's processes, with a control group",
    change: { processesUnbound: "root is not counted" },
    finding: { id: "process-limit", status: "ok" },
    full: true,
  },
  {
    name: "root's processes, without one",
    change: {
      processesUnbound: "root is not counted",
      scopes: { ...HEALTHY.scopes, pids: { missing: "nothing is delegated" } },
    },
    finding: {
      id: "process-limit",
      status: "warning",
      found: "root is not counted, and nothing is delegated",
    },
    cost: /--max-processes is refused/,
    full: true,
  },
  {
    name: "a Deno that is too old",
    change: { deno: { ...HEALTHY.deno, version: "2.8.9" } },
    finding: { id: "deno", status: "warning", value: "2.8.9" },
    remedy: /Deno 2\.9/,
    full: true,
  },
  {
    name: "a permission that is missing",
    change: {
      deno: { ...HEALTHY.deno, permissions: [{ name: "run /bin/sh", state: "denied", wanted: true }] },
    },
    finding: { id: "permissions", status: "missing", found: "not granted: run /bin/sh" },
    full: false,
  },
  {
    name: "a permission that is too much",
    change: {
      deno: { ...HEALTHY.deno, permissions: [{ name: "ffi", state: "granted", wanted: false }] },
    },
    finding: { id: "permissions", status: "warning", found: "granted, and not needed: ffi" },
    full: true,
  },
  {
    name: "a state directory that others may enter",
    change: { directories: { wrong: "Cannot use directory: others may enter it", remedy: "make it yours" } },
    finding: { id: "directories", status: "missing", remedy: "make it yours" },
    full: false,
  },
];
