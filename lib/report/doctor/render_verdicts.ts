import { ATTEMPTS } from "../../verify/attempt_titles.ts";
import { escape, escapedJson } from "../escape.ts";
import type { Verdict } from "./verdicts.ts";

/** Raised when a key of the JSON form changes its meaning or goes away. */
const FORMAT = 1;

function count(verdicts: readonly Verdict[], result: Verdict["result"]): number {
  return verdicts.filter((verdict) => verdict.result === result).length;
}

/** For people: a line for each attempt, the count last. */
export function verdictsText(verdicts: readonly Verdict[], backend: string): string {
  const width = Math.max(...verdicts.map(({ id }) => ATTEMPTS[id].length));
  const lines = verdicts.map(({ id, result, saw }) =>
    `${result.padEnd("leaked".length)}  ${ATTEMPTS[id].padEnd(width)}  ${escape(saw)}`
  );
  const leaked = count(verdicts, "leaked");
  const end = leaked === 0
    ? `all ${verdicts.length} held, in a sandbox of ${backend}`
    : `${leaked} of ${verdicts.length} LEAKED, in a sandbox of ${backend}: do not rely on it`;
  return [...lines, end].join("\n");
}

/** For programs: one object, as docs/doctor.md describes it. */
export function verdictsJson(verdicts: readonly Verdict[], backend: string): string {
  const attempts = verdicts.map((verdict) => ({ ...verdict, attempt: ATTEMPTS[verdict.id] }));
  const [held, leaked] = [count(verdicts, "held"), count(verdicts, "leaked")];
  return escapedJson({ format: FORMAT, backend, held, leaked, attempts });
}
