import { isBefore } from "./advisories.ts";
import { type DoctorFacts, isTrouble } from "./doctor_facts.ts";
import type { Finding } from "./finding.ts";

/** The oldest Deno that knows the sets of permissions in deno.json. */
const OLDEST_DENO = "2.9";

const DELEGATE =
  "start it in a delegated cgroup v2: systemd-run --user --scope -p Delegate=yes tombolo run ...";
const UNIFY = "boot with cgroup v2 alone (systemd.unified_cgroup_hierarchy=1 on the kernel's command line)";

function remedyFor(missing: string): string {
  return missing.includes("no cgroup v2") ? UNIFY : DELEGATE;
}

function memoryFinding({ scopes: { memory } }: DoctorFacts): Finding {
  const id = "cgroup-memory";
  if ("parent" in memory) return { id, status: "ok", found: "a control group can be made", value: true };
  return {
    id,
    status: "warning",
    found: memory.missing,
    value: false,
    cost: "--max-memory bounds each process, not all of them together",
    remedy: remedyFor(memory.missing),
  };
}

function processesFinding({ scopes: { pids }, processesUnbound }: DoctorFacts): Finding {
  const id = "process-limit";
  if (processesUnbound === undefined) {
    return { id, status: "ok", found: "the kernel counts the processes of a sandbox", value: true };
  }
  if ("parent" in pids) return { id, status: "ok", found: "a control group can be made", value: true };
  return {
    id,
    status: "warning",
    found: `${processesUnbound}, and ${pids.missing}`,
    value: false,
    cost: "--max-processes is refused",
    remedy: `run as an ordinary user, or ${remedyFor(pids.missing)}`,
  };
}

function denoFinding({ deno: { version } }: DoctorFacts): Finding {
  if (!isBefore(version, OLDEST_DENO)) return { id: "deno", status: "ok", found: version, value: version };
  return {
    id: "deno",
    status: "warning",
    found: version,
    value: version,
    cost: "tombolo is not tested with it",
    remedy: `put Deno ${OLDEST_DENO} or a later 2.x on PATH`,
  };
}

function permissionsFinding({ deno: { permissions } }: DoctorFacts): Finding {
  const id = "permissions";
  const names = (list: typeof permissions) => list.map(({ name }) => name);
  const granted = names(permissions.filter(({ state }) => state === "granted"));
  const refused = names(permissions.filter(({ wanted, state }) => wanted && state !== "granted"));
  const needless = names(permissions.filter(({ wanted, state }) => !wanted && state === "granted"));
  const remedy = "start it with bin/tombolo or as the compiled program: they have what deno.json lists";
  if (refused.length > 0) {
    return {
      id,
      status: "missing",
      found: `not granted: ${refused.join(", ")}`,
      value: granted,
      cost: "tombolo cannot do its work",
      remedy,
    };
  }
  if (needless.length === 0) return { id, status: "ok", found: granted.join(", "), value: granted };
  return {
    id,
    status: "warning",
    found: `granted, and not needed: ${needless.join(", ")}`,
    value: granted,
    cost: "a flaw of tombolo's own could do more",
    remedy,
  };
}

function directoriesFinding({ directories }: DoctorFacts): Finding {
  const id = "directories";
  if (isTrouble(directories)) {
    return {
      id,
      status: "missing",
      found: directories.wrong,
      cost: "nothing can be started",
      remedy: directories.remedy,
    };
  }
  const { state, run } = directories;
  return { id, status: "ok", found: `state ${state}, sockets ${run}`, value: [state, run] };
}

/** What doctor finds of tombolo's own needs on any system. */
export function toolFindings(facts: DoctorFacts): Finding[] {
  return [denoFinding(facts), permissionsFinding(facts), directoriesFinding(facts)];
}

/** What doctor finds of the limits that Linux can hold. */
export function limitFindings(facts: DoctorFacts): Finding[] {
  return [memoryFinding(facts), processesFinding(facts)];
}
