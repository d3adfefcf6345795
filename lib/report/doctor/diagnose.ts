import { bubblewrapFindings } from "./bubblewrap_findings.ts";
import { type BackendChoice, chooseBackend } from "./choose_backend.ts";
import type { DoctorFacts } from "./doctor_facts.ts";
import type { Finding } from "./finding.ts";
import { kernelFindings } from "./kernel_findings.ts";
import { limitFindings, toolFindings } from "./tool_findings.ts";

/** What doctor has to say of a host. */
export interface Diagnosis extends BackendChoice {
  readonly findings: readonly Finding[];
}

function seatbeltFinding({ seatbelt }: DoctorFacts): Finding {
  const program = "/usr/bin/sandbox-exec";
  if (seatbelt) return { id: "sandbox-exec", status: "ok", found: program, value: true };
  return {
    id: "sandbox-exec",
    status: "missing",
    found: `no ${program}`,
    value: false,
    cost: "no sandbox on macOS",
    remedy: "it belongs to macOS: install the system again",
  };
}

/** Makes findings of facts; looks at nothing else. */
export function diagnose(facts: DoctorFacts): Diagnosis {
  const choice = chooseBackend(facts);
  const ofSystem = facts.os === "linux"
    ? [...bubblewrapFindings(facts), ...limitFindings(facts)]
    : facts.os === "darwin"
    ? [seatbeltFinding(facts)]
    : [];
  const ownKernel = kernelFindings(facts);
  return {
    ...choice,
    findings: [...ownKernel, ...ofSystem, ...toolFindings(facts)],
  };
}
