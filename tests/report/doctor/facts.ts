import { BETTER, NEEDED } from "../../../lib/report/doctor/bubblewrap_findings.ts";
import type { DoctorFacts } from "../../../lib/report/doctor/doctor_facts.ts";

/** A host on which nothing is missing. */
export const HEALTHY: DoctorFacts = {
  os: "linux",
  arch: "x86_64",
  kernel: "6.18.1-generic",
  uid: 1000,
  securityModules: { names: ["lockdown", "capability", "landlock", "yama", "apparmor"], listed: true },
  landlock: { abi: 7 },
  evidence: { place: "host", settings: new Map([["user.max_user_namespaces", "15000"]]) },
  surroundings: { variables: {}, files: [] },
  userNamespace: "made",
  bwrap: {
    path: "/usr/bin/bwrap",
    version: "0.12.0",
    options: [...NEEDED, ...BETTER],
  },
  probe: { env: true, proc: true },
  scopes: { memory: { parent: "/sys/fs/cgroup/user" }, pids: { parent: "/sys/fs/cgroup/user" } },
  processesUnbound: undefined,
  seatbelt: false,
  deno: {
    version: "2.9.6",
    permissions: [
      { name: "read", state: "granted", wanted: true },
      { name: "run /bin/sh", state: "granted", wanted: true },
      { name: "ffi", state: "denied", wanted: false },
    ],
  },
  directories: { state: "/home/u/.local/state/tombolo", run: "/run/user/1000/tombolo" },
};
