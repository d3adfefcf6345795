import { BWRAP_FAILURES, type BwrapFailure } from "./bwrap_failures.ts";
import type { HostEvidence } from "./host_evidence.ts";

/** What is said where no row of the table matches. */
export const UNKNOWN_FAILURE: Pick<BwrapFailure, "wrong" | "remedy"> = {
  wrong: "bubblewrap failed in a way that tombolo does not know",
  remedy: "docs/troubleshooting.md says where to look further",
};

/**
 * Finds the row that stands for a failure.
 *
 * @param said What bubblewrap wrote to stderr
 * @returns What is wrong and the remedy, with the names of this host in place
 */
export function explainFailure(
  path: string,
  said: string,
  { place, settings }: HostEvidence,
): Pick<BwrapFailure, "wrong" | "remedy"> {
  for (const failure of BWRAP_FAILURES) {
    if (!failure.pattern.test(said) || (failure.place ?? place) !== place) continue;
    const { setting } = failure;
    const found = setting === undefined
      ? ""
      : [...settings].find(([name, value]) => setting.name.test(name) && setting.value.test(value))?.[0];
    if (found === undefined) continue;
    const fill = (text: string) => text.replaceAll("{setting}", found).replaceAll("{bwrap}", path);
    return { wrong: fill(failure.wrong), remedy: fill(failure.remedy) };
  }
  return UNKNOWN_FAILURE;
}
