import { escape, escapedJson } from "../escape.ts";
import type { Diagnosis } from "./diagnose.ts";
import type { Finding } from "./finding.ts";

/** Raised when a key of the JSON form changes its meaning or goes away. */
const FORMAT = 1;

// What commands and policies miss there.
const LANDLOCK_LACKS = "in which chmod and the like fail, and hosts need --weaker-network";

function lines({ id, status, found, cost, remedy }: Finding, width: number): string[] {
  const indent = " ".repeat("warning".length + width + 4);
  return [
    `${status.padEnd("warning".length)}  ${id.padEnd(width)}  ${escape(found)}`,
    ...(cost === undefined ? [] : [`${indent}costs: ${escape(cost)}`]),
    ...(remedy === undefined ? [] : [`${indent}to do: ${escape(remedy)}`]),
  ];
}

function verdict({ backend, full, missing }: Diagnosis): string {
  const trouble = missing === undefined ? "" : `${escape(missing.wrong)}; ${escape(missing.remedy)}`;
  if (backend === undefined) return `no sandbox can be built, and tombolo runs nothing without: ${trouble}`;
  const runs = backend === "landlock" ? `runs use landlock (${LANDLOCK_LACKS})` : `runs use ${backend}`;
  const policy = "the default policy (workspace, no network)";
  return full
    ? `${runs}; ${policy} is enforced in full`
    : `${runs}; ${policy} is not enforced in full: ${trouble}`;
}

/** For people: a line for each finding, with what it costs and what to do below it; the verdict last. */
export function diagnosisText(diagnosis: Diagnosis): string {
  const width = Math.max(...diagnosis.findings.map(({ id }) => id.length));
  return [...diagnosis.findings.flatMap((finding) => lines(finding, width)), verdict(diagnosis)].join("\n");
}

/** For programs: one object, as docs/doctor.md describes it. */
export function diagnosisJson({ backend, full, missing, findings }: Diagnosis, version: string): string {
  return escapedJson({ format: FORMAT, tombolo: version, backend: backend ?? null, full, missing, findings });
}
