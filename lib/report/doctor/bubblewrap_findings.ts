import { ISOLATION } from "../../plan/bwrap_arguments.ts";
import { CLONE, LIMIT, RESTRICTED, type Setting } from "../../launch/host_setting.ts";
import { openAdvisories } from "./advisories.ts";
import { type BwrapFacts, type DoctorFacts, isTrouble, type Trouble } from "./doctor_facts.ts";
import type { Finding } from "./finding.ts";

const NO_SANDBOX = "bubblewrap builds no sandbox";

/** Options that every start uses. */
export const NEEDED: readonly string[] = [
  ...ISOLATION.filter((word) => word.startsWith("--")),
  ...["--json-status-fd", "--seccomp", "--chdir", "--perms", "--bind", "--ro-bind", "--ro-bind-data"],
  ...["--remount-ro", "--tmpfs", "--symlink", "--dev", "--proc"],
];

/** Options that only some starts use. */
export const BETTER: readonly string[] = ["--bind-fd", "--ro-bind-fd", "--cap-add"];

function bwrapFinding(bwrap: BwrapFacts | Trouble): Finding {
  if (isTrouble(bwrap)) {
    return { id: "bwrap", status: "missing", found: bwrap.wrong, cost: NO_SANDBOX, remedy: bwrap.remedy };
  }
  const { path, version, package: from } = bwrap;
  const source = from === undefined ? "" : `, package ${from.version}`;
  if (version !== undefined) {
    return { id: "bwrap", status: "ok", found: `${path} ${version}${source}, not setuid`, value: version };
  }
  return {
    id: "bwrap",
    status: "warning",
    found: `${path}${source}, of no version that it says`,
    cost: "its known flaws cannot be told",
    remedy: `look at what it says: ${path} --version`,
  };
}

function advisoryFindings({ path, version, package: from }: BwrapFacts): Finding[] {
  if (version === undefined) return [];
  const open = openAdvisories(version, from?.fixes ?? []);
  const distribution = from === undefined
    ? "or take the fixed package of the distribution"
    : "or wait for a package whose changelog names it as fixed";
  return open.map(({ id, fixed, cost }) => ({
    id: "bwrap-advisory",
    status: "warning",
    found: `${path} has ${id}`,
    value: id,
    cost,
    remedy: `install bubblewrap ${fixed} or later, ${distribution}`,
  }));
}

function optionFindings({ path, options }: BwrapFacts): Finding[] {
  const lacks = (wanted: readonly string[]) => wanted.filter((option) => !options.includes(option));
  const [needed, better] = [lacks(NEEDED), lacks(BETTER)];
  if (needed.length > 0) {
    return [{
      id: "bwrap-options",
      status: "missing",
      found: `${path} lacks ${needed.join(", ")}`,
      value: needed,
      cost: NO_SANDBOX,
      remedy: "install bubblewrap 0.5 or later",
    }];
  }
  if (better.length === 0) return [{ id: "bwrap-options", status: "ok", found: "all that tombolo uses" }];
  return [{
    id: "bwrap-options",
    status: "warning",
    found: `${path} lacks ${better.join(", ")}`,
    value: better,
    cost: "at most 500 guarded paths, and sandboxes side by side in one directory are kept apart less well",
    remedy: "install bubblewrap 0.10 or later, or Debian's 0.8.0-2+deb12u1",
  }];
}

function isSet({ evidence: { settings } }: DoctorFacts, setting: Setting): string | undefined {
  return [...settings].find(([name, value]) => setting.name.test(name) && setting.value.test(value))?.[0];
}

function namespaceFinding(facts: DoctorFacts): Finding {
  const id = "user-namespaces";
  const works = facts.probe !== undefined && !isTrouble(facts.probe);
  if (works || facts.userNamespace === "made") return { id, status: "ok", found: "can be made", value: true };
  const missing = { id, status: "missing", value: false, cost: NO_SANDBOX } as const;
  const [limit, clone] = [isSet(facts, LIMIT), isSet(facts, CLONE)];
  if (limit !== undefined) {
    const remedy = `as root of the machine itself: sysctl -w ${limit}=15000`;
    return { ...missing, found: `none can be made (${limit} is 0)`, remedy };
  }
  if (clone !== undefined) {
    const remedy = `as root of the machine itself: sysctl -w ${clone}=1`;
    return { ...missing, found: `none can be made (${clone} is 0)`, remedy };
  }
  if (facts.userNamespace === "not tried") {
    return { id, status: "ok", found: "nothing speaks against them; not tried without bubblewrap" };
  }
  const remedy = facts.probe === undefined
    ? "install bubblewrap and ask again: it says why"
    : facts.probe.remedy;
  return { ...missing, found: "refused", remedy };
}

function appArmorFinding(facts: DoctorFacts): Finding[] {
  const { evidence: { settings }, securityModules: { names }, probe } = facts;
  if (isSet(facts, RESTRICTED) !== undefined) {
    const harmless = probe !== undefined && !isTrouble(probe);
    const found = "restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns)";
    if (harmless) return [{ id: "apparmor", status: "ok", found: `${found}, but not those of bwrap` }];
    return [{
      id: "apparmor",
      status: "missing",
      found,
      cost: "bwrap gets no namespaces without a profile that lets it",
      remedy: isTroubled(probe)?.remedy ?? "docs/troubleshooting.md#apparmor has the profile",
    }];
  }
  if (!names.includes("apparmor")) return [];
  const profile = settings.get("profile") ?? "unconfined";
  return [{ id: "apparmor", status: "ok", found: `does not restrict user namespaces (profile ${profile})` }];
}

function isTroubled(probe: DoctorFacts["probe"]): Trouble | undefined {
  return probe !== undefined && isTrouble(probe) ? probe : undefined;
}

function probeFindings({ probe }: DoctorFacts): Finding[] {
  if (probe === undefined) return [];
  if (isTrouble(probe)) {
    return [{
      id: "bubblewrap",
      status: "missing",
      found: probe.wrong,
      value: false,
      cost: NO_SANDBOX,
      remedy: probe.remedy,
    }];
  }
  const proc: Finding = probe.proc
    ? { id: "proc", status: "ok", found: "a fresh one can be mounted", value: true }
    : {
      id: "proc",
      status: "warning",
      found: "none can be mounted",
      value: false,
      cost: "commands run with an empty /proc: no ps, no /dev/fd, no <(...) in bash",
      remedy:
        "Docker: --security-opt systempaths=unconfined; Podman: --security-opt unmask=ALL; Kubernetes: securityContext.procMount: Unmasked",
    };
  const env: Finding[] = probe.env ? [] : [{
    id: "env",
    status: "warning",
    found: "no env that knows --default-signal",
    cost: "each start takes some 20 ms more",
    remedy: "install coreutils 8.31 or later",
  }];
  return [
    { id: "bubblewrap", status: "ok", found: "builds a sandbox with the flags of a run", value: true },
    proc,
    ...env,
  ];
}

/** What doctor finds of bubblewrap and of what it needs. */
export function bubblewrapFindings(facts: DoctorFacts): Finding[] {
  const { bwrap } = facts;
  return [
    namespaceFinding(facts),
    ...appArmorFinding(facts),
    bwrapFinding(bwrap),
    ...(isTrouble(bwrap) ? [] : [...optionFindings(bwrap), ...advisoryFindings(bwrap)]),
    ...probeFindings(facts),
  ];
}
